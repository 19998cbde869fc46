import Synchronization

/// Uploads whose completion failed here and could not be taken back either, as while the disk fails; with their leases.
///
/// Only this process knows that nobody is at work on them any more. What it forgets in a crash, the next start takes back,
/// or another server when the lease has ended.
final class PendingRollbacks: Sendable {
    private let holders = Mutex<[String: String]>([:])

    var all: [String] { holders.withLock { Array($0.keys) } }

    func insert(_ id: String, leaseID: String) { holders.withLock { $0[id] = leaseID } }

    /// - Returns: The leaseID of the lease, to one caller, who then tries again.
    func remove(_ id: String) -> String? { holders.withLock { $0.removeValue(forKey: id) } }
}
