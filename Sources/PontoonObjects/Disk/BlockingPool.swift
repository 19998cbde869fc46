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
            pool.submit { state in
                switch state {
                case .active: continuation.resume(with: Result(catching: body))
                case .cancelled: continuation.resume(throwing: CancellationError())
                }
            }
        }
    }

    func shutDown() async throws { try await pool.shutdownGracefully() }
}
