import PontoonCore
import SystemPackage

/// A coalescer of directory syncs: callers that arrive during a sync share the next one.
final class DirectorySyncCoalescer: Sendable {
    private let executor: BlockingIOExecutor
    private let syncOnce: @Sendable () throws -> Void
    private let queue = DrainQueue<CheckedContinuation<Void, any Error>>()

    convenience init(_ path: FilePath, executor: BlockingIOExecutor) {
        self.init(executor: executor) { try Directory.sync(path) }
    }

    /// - Parameters:
    ///   - executor: Runs the syncs.
    ///   - syncOnce: Syncs the directory, so that names that were added or removed before the call are durable.
    init(executor: BlockingIOExecutor, syncOnce: @escaping @Sendable () throws -> Void) {
        self.executor = executor
        self.syncOnce = syncOnce
    }

    /// Number of callers whose sync has not started yet.
    var waiting: Int { queue.count }

    /// Waits until all names that were added or removed before the call are durable.
    ///
    /// - Throws: The error of the sync; `CancellationError` if the executor is shut down without running it.
    func sync() async throws {
        try await withCheckedThrowingContinuation { continuation in
            guard queue.append(continuation) else { return }
            executor.submit { isCancelled in
                while true {
                    // A sync serves only callers that were waiting before it started.
                    let batch = self.queue.nextBatch()
                    if batch.isEmpty { return }
                    let result = isCancelled ? .failure(CancellationError()) : Result(catching: self.syncOnce)
                    for continuation in batch { continuation.resume(with: result) }
                }
            }
        }
    }
}
