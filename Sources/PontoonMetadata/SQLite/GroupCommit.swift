import GRDB
import Synchronization

/// How much was written, and in how many commits.
package struct WriteStatistics: Hashable, Sendable {
    /// Calls to write, also those whose body threw.
    package var writes = 0
    /// Transactions that were committed.
    package var commits = 0
    /// Calls to write that wait for the running commit.
    package var waiting = 0
}

/// Writes of many callers with few commits, each of which waits for the disk.
///
/// What callers ask for while a commit runs becomes the next transaction: nobody waits for company, and the busier it is,
/// the more writes share a commit. Each caller's body has a savepoint of its own, so that it fails alone.
final class GroupCommit: Sendable {
    /// Most bodies in one transaction, to bound how long the first of them waits for the last.
    static let largestGroup = 128

    private struct Waiting: Sendable {
        /// Runs the body; what it returns tells the caller, once that is durable.
        let attempt: @Sendable (SQLiteConnection) throws -> @Sendable () -> Void
        /// Tells the caller that nothing was changed.
        let fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting: [Waiting] = []
        var isDraining = false
        var isClosed = false
        var statistics = WriteStatistics()
    }

    private let pool: DatabasePool
    private let state = Mutex(State())

    init(pool: DatabasePool) { self.pool = pool }

    var statistics: WriteStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waiting = state.waiting.count
            return statistics
        }
    }

    /// From now on every write fails; those accepted before are carried out.
    func refuseWrites() { state.withLock { $0.isClosed = true } }

    /// Runs a body as a transaction of its own, as far as the caller can tell.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let waiting = Waiting(
                attempt: { connection in
                    let value = try body(connection)
                    return { continuation.resume(returning: value) }
                },
                fail: { continuation.resume(throwing: $0) }
            )
            enqueue(waiting)
        }
    }

    private func enqueue(_ waiting: Waiting) {
        let isAccepted = state.withLock { state in
            guard !state.isClosed else { return false }
            state.waiting.append(waiting)
            // Under the lock, so that what was accepted before refuseWrites() is on the queue before the closing is.
            if !state.isDraining { pool.asyncWriteWithoutTransaction { self.drain($0) } }
            state.isDraining = true
            return true
        }
        if !isAccepted { waiting.fail(SQLError(.other, "the database is closed")) }
    }

    private func nextGroup() -> [Waiting] {
        state.withLock { state in
            let group = Array(state.waiting.prefix(Self.largestGroup))
            state.waiting.removeFirst(group.count)
            state.isDraining = !group.isEmpty
            return group
        }
    }

    /// Runs on the queue of the writing connection until nobody waits.
    private func drain(_ database: Database) {
        while true {
            let group = nextGroup()
            guard !group.isEmpty else { return }
            let answers = Result { try commit(group, database) }
            state.withLock { state in
                state.statistics.writes += group.count
                if case .success = answers { state.statistics.commits += 1 }
            }
            switch answers {
            case .success(let answers): for answer in answers { answer() }
            case .failure(let error): for waiting in group { waiting.fail(Self.translated(error)) }
            }
        }
    }

    /// - Returns: What tells each caller its own result.
    /// - Throws: When nothing of the whole group was changed.
    private func commit(_ group: [Waiting], _ database: Database) throws -> [@Sendable () -> Void] {
        let connection = SQLiteConnection(database: database)
        var answers: [@Sendable () -> Void] = []
        try database.inTransaction(.immediate) {
            for waiting in group {
                do {
                    answers.append(try group.count == 1 ? waiting.attempt(connection) : attempt(waiting, connection))
                } catch let error where group.count > 1 && database.isInsideTransaction {
                    answers.append { waiting.fail(Self.translated(error)) }
                }
                // Otherwise the error is the whole group's: SQLite has given up the transaction, as for a full disk.
            }
            return .commit
        }
        return answers
    }

    private func attempt(_ waiting: Waiting, _ connection: SQLiteConnection) throws -> @Sendable () -> Void {
        let database = connection.database
        try database.cachedStatement(sql: "SAVEPOINT body").execute()
        do {
            let answer = try waiting.attempt(connection)
            try database.cachedStatement(sql: "RELEASE SAVEPOINT body").execute()
            return answer
        } catch {
            if database.isInsideTransaction {
                try database.cachedStatement(sql: "ROLLBACK TO SAVEPOINT body").execute()
                try database.cachedStatement(sql: "RELEASE SAVEPOINT body").execute()
            }
            throw error
        }
    }

    private static func translated(_ error: any Error) -> any Error {
        (error as? DatabaseError).map(SQLError.init) ?? error
    }
}
