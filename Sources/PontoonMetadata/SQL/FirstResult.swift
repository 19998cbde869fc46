import Dispatch
import Synchronization

/// Waits for a result for a limited time.
///
/// Does not cancel the work on timeout.
///
/// - Parameters:
///   - limit: The maximum time to wait.
///   - timeoutError: The error to throw if there is no result in time.
///   - start: Starts the work and returns without waiting for it. The work must resume the given ``FirstResult``.
/// - Returns: The result.
/// - Throws: The error of the work, or `timeoutError`.
package func withTimeout<Value: Sendable>(
    _ limit: Duration,
    _ timeoutError: SQLError,
    start: (FirstResult<Value>) -> Void
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let result = FirstResult(continuation)
        start(result)
        let milliseconds = Int(limit / .milliseconds(1))
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
            result.resume(with: .failure(timeoutError))
        }
    }
}

/// A continuation that may be resumed more than once; only the first result counts.
package final class FirstResult<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

    fileprivate init(_ continuation: CheckedContinuation<Value, any Error>) {
        self.continuation = Mutex(continuation)
    }

    package func resume(with result: Result<Value, any Error>) {
        let continuation = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        continuation?.resume(with: result)
    }
}
