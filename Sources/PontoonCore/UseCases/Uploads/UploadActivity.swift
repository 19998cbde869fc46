import Foundation
import Synchronization

/// A recorder of clients' activity that keeps uploads to a presigned store from expiring.
///
/// This server does not see the parts that clients send directly to the object store. API calls such as requests for
/// part URLs show that a client is working. Reports are not sufficient, because some clients send them only at the end.
final class UploadActivity: Sendable {
    private let metadata: any UploadStore
    private let interval: Duration
    private let recorded = Mutex<[String: ContinuousClock.Instant]>([:])
    private static let capacity = 10_000

    /// - Parameters:
    ///   - metadata: The store of the uploads.
    ///   - interval: Time after a record during which further activity is not recorded, so that most calls write
    ///     nothing.
    init(metadata: any UploadStore, interval: Duration) {
        self.metadata = metadata
        self.interval = interval
    }

    /// Records that a client is working on an upload, unless this was recorded within the interval.
    func note(_ id: String, now: Date) async throws {
        let time = ContinuousClock.now
        let isRecent = recorded.withLock { recorded in
            if let last = recorded[id], time - last < interval { return true }
            if recorded.count >= Self.capacity { recorded = [:] }
            recorded[id] = time
            return false
        }
        guard !isRecent else { return }
        do {
            try await metadata.keepAlive(id, now: now)
        } catch {
            recorded.withLock { $0[id] = nil }
            throw error
        }
    }
}
