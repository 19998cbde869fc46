import PontoonCore

/// Runs writes to one file one after another.
///
/// Linux admits one writer at a time to a file, and the others spin on a core in the meantime. Here they wait in a
/// queue instead, without occupying a thread.
final class SerialWriteQueue: Sendable {
    private let queue = DrainQueue<@Sendable (_ isCancelled: Bool) -> Void>()

    /// Runs a closure on a thread of the executor once those before it are done.
    ///
    /// It runs to completion even if the caller is cancelled.
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
