import PontoonCore
import Synchronization

/// A limit on the number of blocking reads that run for one user at a time.
///
/// A read may take seconds and keeps its thread meanwhile. With fewer reads per user than threads, the slow queries of
/// one user leave a thread for the calls of all others.
final class ReadGate: Sendable {
    private struct Reads {
        var running = 0
        var waiting: ArraySlice<CheckedContinuation<Void, Never>> = []
    }

    /// Maximum number of reads of one user at a time.
    private let limit: Int
    /// The users with running reads.
    private let users = Mutex<[String: Reads]>([:])

    init(limit: Int) { self.limit = limit }

    /// Runs a blocking read of a user, once fewer than the maximum of the user's reads are running.
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

    /// Starts a read if the user may have another one; otherwise, adds the continuation, if any, to the queue.
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

    /// Ends a read; the next one in the queue takes its place.
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
