import Synchronization

/// Uploads whose completion failed in this process and could not be rolled back either, for example during a disk failure;
/// each with the id of the lease it failed under.
///
/// Only this process knows that nobody works under these leases any more, so it need not wait for them to expire. After a
/// crash they are rolled back by the next start, or by another server once they have expired.
final class PendingRollbacks: Sendable {
    private let leases = Mutex<[String: String]>([:])

    var uploadIDs: [String] { leases.withLock { Array($0.keys) } }

    func insert(_ uploadID: String, leaseID: String) { leases.withLock { $0[uploadID] = leaseID } }

    /// Hands a pending rollback to one caller, who then attempts it.
    ///
    /// - Returns: The lease's id; `nil` if there is nothing to roll back or another caller has taken it.
    func take(_ uploadID: String) -> String? { leases.withLock { $0.removeValue(forKey: uploadID) } }
}
