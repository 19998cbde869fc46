import NIOPosix

/// Threads for blocking file calls, so that neither an event loop nor Swift's own threads ever wait for the disk.
struct BlockingPool: Sendable {
    private let pool: NIOThreadPool

    init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    /// Runs a closure on one of the threads.
    ///
    /// Runs to its end also when the caller is cancelled: clean-up must happen.
    func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            submit { isCancelled in
                continuation.resume(with: isCancelled ? .failure(CancellationError()) : Result(catching: body))
            }
        }
    }

    /// Begins a closure on one of the threads; after ``shutDown()`` at once, and told so.
    func submit(_ body: @escaping @Sendable (_ isCancelled: Bool) -> Void) {
        pool.submit { state in body(state == .cancelled) }
    }

    func shutDown() async throws { try await pool.shutdownGracefully() }
}
