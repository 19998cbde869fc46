import PontoonFoundation
import Synchronization

/// A recorder of clients' activity, which prevents uploads to a presigned store from expiring while parts are being
/// sent.
///
/// This server does not see the parts that clients send directly to the object store. API calls such as requests for
/// part URLs show that a client is working. Reports are not sufficient, because some clients send them only at the end.
final class UploadActivity: Sendable {
    private let metadata: any UploadStore
    private let interval: Duration
    private let recorded = Mutex<[Key: ContinuousClock.Instant]>([:])
    private static let capacity = 10_000

    /// - Parameters:
    ///   - metadata: The store of the uploads.
    ///   - interval: Minimum time between two records of an upload's activity, so that most calls write nothing.
    init(metadata: any UploadStore, interval: Duration) {
        self.metadata = metadata
        self.interval = interval
    }

    private struct Key: Hashable {
        let id: String
        let reserving: Bool
    }

    /// Records that a client is working on an upload, unless the last record with the same `reserving` is more recent
    /// than the interval.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - now: The current time.
    ///   - reserving: Whether the client is about to send parts, for which a lapsed reservation must be restored.
    /// - Throws: `.quotaExceeded` if a quota has too little space left; an error if the store is unavailable.
    func note(_ id: String, now: Date, reserving: Bool) async throws {
        let time = ContinuousClock.now
        let key = Key(id: id, reserving: reserving)
        let isRecent = recorded.withLock { recorded in
            if let last = recorded[key], time - last < interval { return true }
            if recorded.count >= Self.capacity { recorded = [:] }
            recorded[key] = time
            return false
        }
        guard !isRecent else { return }
        do {
            try await metadata.keepAlive(id, now: now, reserving: reserving)
        } catch {
            recorded.withLock { $0[key] = nil }
            throw error
        }
    }
}
