import NIOPosix
import Synchronization

/// A pool of threads for file system calls, which would otherwise block event loops or the cooperative thread pool.
struct BlockingIOExecutor: Sendable {
    private let pool: NIOThreadPool
    private let pending = Pending()

    /// A reference to the counter, because `Atomic` cannot be copied.
    private final class Pending: Sendable {
        let count = Atomic(0)
    }

    /// Number of closures that run or wait for a thread.
    var operations: Int { pending.count.load(ordering: .relaxed) }

    init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    /// Runs a closure on one of the threads.
    ///
    /// The closure runs to completion even if the caller is cancelled, because it may have to clean up.
    ///
    /// - Throws: The error of the closure; `CancellationError` if the threads are shut down without running it.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit { isCancelled in
                continuation.resume(with: isCancelled ? .failure(CancellationError()) : Result(catching: body))
            }
        }
    }

    /// Queues a closure to run on one of the threads.
    ///
    /// If ``shutDown()`` is called before a thread has started the closure, the closure is called with `isCancelled`
    /// set to `true`.
    func submit(_ body: @escaping @Sendable (_ isCancelled: Bool) -> Void) {
        pending.count.wrappingAdd(1, ordering: .relaxed)
        pool.submit { [pending] state in
            body(state == .cancelled)
            pending.count.wrappingSubtract(1, ordering: .relaxed)
        }
    }

    func shutDown() async throws { try await pool.shutdownGracefully() }
}
