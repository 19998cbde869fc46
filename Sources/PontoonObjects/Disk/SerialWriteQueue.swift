import PontoonCore

/// A queue that runs writes to one file one after another.
///
/// Linux allows one writer at a time per file, and other writers spin on a CPU core while they wait. In this queue,
/// writes wait without occupying a thread.
final class SerialWriteQueue: Sendable {
    private let queue = DrainQueue<@Sendable (_ isCancelled: Bool) -> Void>()

    /// Runs a closure on a thread of the executor, after all closures that were queued before have finished.
    ///
    /// The closure runs to completion even if the caller is cancelled.
    ///
    /// - Throws: The error of the closure; `CancellationError` if the executor is shut down without running it.
    func run<Value: Sendable>(
        on executor: BlockingIOExecutor,
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let mustStart = queue.append { isCancelled in
                continuation.resume(with: isCancelled ? .failure(CancellationError()) : Result(catching: body))
            }
            guard mustStart else { return }
            executor.submit { [queue] isCancelled in
                while let work = queue.next() { work(isCancelled) }
            }
        }
    }
}
