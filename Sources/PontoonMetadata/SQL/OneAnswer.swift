import Dispatch
import Synchronization

/// A caller that waits for the first of several answers.
final class OneAnswer<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value, any Error>?>

    private init(_ continuation: CheckedContinuation<Value, any Error>) { self.continuation = Mutex(continuation) }

    /// Waits for an answer, but not for long; what was begun goes on.
    ///
    /// - Parameters:
    ///   - limit: How long.
    ///   - begin: Begins what answers.
    /// - Returns: The answer.
    /// - Throws: The answer, or ``SQLError`` of kind `.unreachable` when none came in time.
    static func wait(atMost limit: Duration, for begin: (OneAnswer) -> Void) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let answer = OneAnswer(continuation)
            begin(answer)
            let milliseconds = Int(limit / .milliseconds(1))
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
                answer.resume(with: .failure(SQLError(.unreachable, "the database gave no answer in time")))
            }
        }
    }

    /// Answers, unless that has been done.
    func resume(with result: Result<Value, any Error>) {
        let continuation = continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        continuation?.resume(with: result)
    }
}
