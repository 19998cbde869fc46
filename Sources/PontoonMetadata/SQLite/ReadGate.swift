import PontoonCore
import Synchronization

/// A limit on the number of blocking reads that run concurrently for one user.
///
/// A read may block its thread for seconds. If the limit is lower than the number of threads, the slow queries of one
/// user leave at least one thread for the calls of other users.
final class ReadGate: Sendable {
    private struct Reads {
        var running = 0
        var waiting: ArraySlice<CheckedContinuation<Void, Never>> = []
    }

    /// Maximum number of concurrent reads of one user.
    private let limit: Int
    /// The running and waiting reads of each user who has any.
    private let users = Mutex<[String: Reads]>([:])

    init(limit: Int) { self.limit = limit }

    /// Runs a blocking read of a user as soon as fewer than ``limit`` reads of this user are running.
    ///
    /// - Parameters:
    ///   - user: The name of the user; `nil` for reads that are not limited.
    ///   - body: The read.
    /// - Returns: The result of `body`.
    /// - Throws: The errors of `body`.
    func run<Value>(for user: String?, _ body: () throws -> Value) async rethrows -> Value {
        guard let user else { return try body() }
        if !enter(user) {
            await withCheckedContinuation { continuation in
                if enter(user, or: continuation) { continuation.resume() }
            }
        }
        defer { leave(user) }
        return try body()
    }

    /// Returns whether the user may start another read; if so, counts it as running.
    ///
    /// Otherwise, adds the continuation, if there is one, to the user's queue.
    private func enter(_ user: String, or continuation: CheckedContinuation<Void, Never>? = nil) -> Bool {
        users.withLock { users in
            if users[user, default: Reads()].running < limit {
                users[user, default: Reads()].running += 1
                return true
            }
            if let continuation { users[user]?.waiting.append(continuation) }
            return false
        }
    }

    /// Ends a read, and resumes the next one in the user's queue.
    private func leave(_ user: String) {
        let next = users.withLock { users -> CheckedContinuation<Void, Never>? in
            if let next = users[user]?.waiting.popFirst() { return next }
            users[user]?.running -= 1
            if users[user]?.running == 0 { users[user] = nil }
            return nil
        }
        next?.resume()
    }
}
