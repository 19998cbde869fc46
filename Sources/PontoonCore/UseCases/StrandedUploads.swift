import Synchronization

/// Uploads whose completion failed here and could not be taken back either, as while the disk fails.
///
/// Only this process knows that nobody is at work on them any more; after a crash the next start takes all of them back.
final class StrandedUploads: Sendable {
    private let ids = Mutex<Set<String>>([])

    var all: Set<String> { ids.withLock { $0 } }

    func insert(_ id: String) { ids.withLock { _ = $0.insert(id) } }

    /// - Returns: `true` to one caller, who then tries again.
    func remove(_ id: String) -> Bool { ids.withLock { $0.remove(id) != nil } }
}
