import NIOCore
import NIOPosix

/// Runs a request and cancels it if it takes longer than `limit`.
///
/// - Parameters:
///   - limit: Maximum duration.
///   - body: Performs the request.
/// - Returns: The value that `body` returns.
/// - Throws: ``TransportFailure`` of kind `timedOut` after `limit`; any error that `body` throws.
func withTimeout<Value: Sendable>(
    _ limit: Duration,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    // Does not use `Task.sleep`, which occupies about 500 bytes until its time is over, even if it is cancelled.
    let loop = MultiThreadedEventLoopGroup.singleton.any()
    let end = loop.makePromise(of: Void.self)
    let timer = loop.scheduleTask(in: TimeAmount(limit)) { end.succeed() }
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await end.futureResult.get()
            return nil
        }
        defer {
            timer.cancel()
            end.fail(CancellationError())
            group.cancelAll()
        }
        guard let first = try await group.next(), let value = first else {
            throw TransportFailure(kind: .timedOut, reason: "no complete response within \(limit)")
        }
        return value
    }
}

/// Runs a transfer and cancels it if it makes no progress.
///
/// The total duration of the transfer is not limited.
///
/// - Parameters:
///   - limit: Returns the maximum time without progress in the current phase of the transfer. Called repeatedly.
///   - idleTime: Returns the time since the last progress. Called repeatedly.
///   - body: Performs the transfer.
/// - Returns: The value that `body` returns.
/// - Throws: ``TransportFailure`` of kind `timedOut` if the transfer stalls; any error that `body` throws.
func withStallGuard<Value: Sendable>(
    limit: @escaping @Sendable () -> Duration,
    idleTime: @escaping @Sendable () -> Duration,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            while idleTime() < limit() { try await Task.sleep(for: min(limit() / 4, .seconds(2))) }
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let value = first else {
            throw TransportFailure(kind: .timedOut, reason: "no data transferred for \(limit())")
        }
        return value
    }
}
