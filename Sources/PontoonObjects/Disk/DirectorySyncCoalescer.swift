import PontoonCore
import SystemPackage

/// Syncs a directory for many callers at once: those who ask while a sync is running share the next one.
final class DirectorySyncCoalescer: Sendable {
    private let executor: BlockingIOExecutor
    private let syncOnce: @Sendable () throws -> Void
    private let queue = DrainQueue<CheckedContinuation<Void, any Error>>()

    convenience init(_ path: FilePath, executor: BlockingIOExecutor) {
        self.init(executor: executor) { try Directory.sync(path) }
    }

    /// - Parameters:
    ///   - executor: Its threads wait for the disk.
    ///   - syncOnce: Makes the names durable that exist when it begins.
    init(executor: BlockingIOExecutor, syncOnce: @escaping @Sendable () throws -> Void) {
        self.executor = executor
        self.syncOnce = syncOnce
    }

    /// Callers for whom no sync has begun.
    var waiting: Int { queue.count }

    /// Waits until the names that the directory has now survive a power cut.
    func sync() async throws {
        try await withCheckedThrowingContinuation { continuation in
            guard queue.append(continuation) else { return }
            executor.submit { isCancelled in
                while true {
                    // Only callers that are waiting before a sync begins are served by it.
                    let batch = self.queue.nextBatch()
                    if batch.isEmpty { return }
                    let result = isCancelled ? .failure(CancellationError()) : Result(catching: self.syncOnce)
                    for continuation in batch { continuation.resume(with: result) }
                }
            }
        }
    }
}
