import Synchronization

/// Completions that failed in this process and could not be rolled back, for example because of a disk failure.
///
/// This process has stopped the work under their leases, so it can retry the rollbacks before the leases expire. After
/// a crash, the rollbacks are performed at the next start or, once the leases have expired, by another server.
final class PendingRollbacks: Sendable {
    private let leases = Mutex<[String: String]>([:])

    var uploadIDs: [String] { leases.withLock { Array($0.keys) } }

    func insert(_ uploadID: String, leaseID: String) { leases.withLock { $0[uploadID] = leaseID } }

    /// Removes and returns a pending rollback, which the caller must then attempt.
    ///
    /// - Returns: The id of the lease under which the completion failed; `nil` if no rollback is pending.
    func take(_ uploadID: String) -> String? { leases.withLock { $0.removeValue(forKey: uploadID) } }
}
