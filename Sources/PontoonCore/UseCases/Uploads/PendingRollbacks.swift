import Synchronization

/// Completions that failed in this process and could not be rolled back, for example because of a disk failure.
///
/// This process knows that the work under their leases has stopped, so it retries the rollbacks without waiting for the
/// leases to expire. After a crash, the next start performs them, or another server once the leases have expired.
final class PendingRollbacks: Sendable {
    private let leases = Mutex<[String: String]>([:])

    var uploadIDs: [String] { leases.withLock { Array($0.keys) } }

    func insert(_ uploadID: String, leaseID: String) { leases.withLock { $0[uploadID] = leaseID } }

    /// Removes and returns a pending rollback, which the caller must then attempt.
    ///
    /// - Returns: The id of the lease under which the completion failed; `nil` if no rollback is pending.
    func take(_ uploadID: String) -> String? { leases.withLock { $0.removeValue(forKey: uploadID) } }
}
