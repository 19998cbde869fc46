import Synchronization

/// Uploads whose completion failed in this process and could not be rolled back either, for example during a disk
/// failure; each with the id of the lease under which it failed.
///
/// Only this process knows that the work under these leases has stopped, so it need not wait for them to expire. After
/// a crash they are rolled back by the next start, or by another server once they have expired.
final class PendingRollbacks: Sendable {
    private let leases = Mutex<[String: String]>([:])

    var uploadIDs: [String] { leases.withLock { Array($0.keys) } }

    func insert(_ uploadID: String, leaseID: String) { leases.withLock { $0[uploadID] = leaseID } }

    /// Assigns a pending rollback to one caller, which then attempts it.
    ///
    /// - Returns: The lease's id; `nil` if there is nothing to roll back or another caller has taken it.
    func take(_ uploadID: String) -> String? { leases.withLock { $0.removeValue(forKey: uploadID) } }
}
