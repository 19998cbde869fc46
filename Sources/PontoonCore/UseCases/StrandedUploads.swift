import Synchronization

/// Uploads whose completion failed here and could not be taken back either, as while the disk fails; with their claims.
///
/// Only this process knows that nobody is at work on them any more. What it forgets in a crash, the next start takes back,
/// or another server when the claim has ended.
final class StrandedUploads: Sendable {
    private let holders = Mutex<[String: String]>([:])

    var all: [String] { holders.withLock { Array($0.keys) } }

    func insert(_ id: String, holder: String) { holders.withLock { $0[id] = holder } }

    /// - Returns: The holder of the claim, to one caller, who then tries again.
    func remove(_ id: String) -> String? { holders.withLock { $0.removeValue(forKey: id) } }
}
