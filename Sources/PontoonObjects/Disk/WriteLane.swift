import Synchronization

/// Writes to one file, one after another.
///
/// Linux lets one writer at a time into a file and makes the others spin on a core until it is their turn. Here they wait
/// in a queue instead, which holds no thread.
final class WriteLane: Sendable {
    private typealias Work = @Sendable (_ isCancelled: Bool) -> Void

    private struct State {
        var waiting: [Work] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    /// Runs a closure when those before it are done, on one of the pool's threads.
    ///
    /// Runs to its end also when the caller is cancelled.
    func run<Value: Sendable>(
        on pool: BlockingPool,
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let starts = state.withLock { state in
                state.waiting.append { isCancelled in
                    continuation.resume(
                        with: isCancelled ? .failure(CancellationError()) : Result(catching: body)
                    )
                }
                defer { state.isRunning = true }
                return !state.isRunning
            }
            if starts { pool.submit { self.drain(isCancelled: $0) } }
        }
    }

    private func drain(isCancelled: Bool) {
        while let work = next() { work(isCancelled) }
    }

    private func next() -> Work? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
