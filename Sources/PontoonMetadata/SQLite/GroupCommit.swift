import GRDB
import Synchronization

/// Totals of writes and commits since the database was opened, and the number of waiting writes.
package struct WriteStatistics: Hashable, Sendable {
    /// Number of finished writes, including those whose body threw.
    package var writes = 0
    /// Number of committed transactions.
    package var commits = 0
    /// Number of writes that are waiting for the commit in progress.
    package var waiting = 0
    /// Number of writes in committed transactions.
    package var committedWrites = 0
    /// Numbers of committed transactions by the number of their writes; see ``DatabaseActivity/commitSizes``.
    package var commitSizes = [UInt64](repeating: 0, count: DatabaseActivity.commitSizes.count + 1)

    /// Counts a finished transaction.
    mutating func count(_ writes: Int, isCommitted: Bool) {
        self.writes += writes
        guard isCommitted else { return }
        commits += 1
        committedWrites += writes
        let sizes = DatabaseActivity.commitSizes
        commitSizes[sizes.firstIndex { writes <= $0 } ?? sizes.endIndex] &+= 1
    }
}

/// A queue that combines concurrent writes into shared commits, because every durable commit waits for a disk sync.
///
/// Writes that arrive during a commit form the next transaction. A single write therefore never waits for others to
/// join it, and the higher the load, the more writes share a commit. Each body in a shared transaction runs in a
/// separate savepoint, so that its failure does not affect other writes.
final class GroupCommit: Sendable {
    /// Maximum number of writes in one transaction, which limits how long the first write waits for the last.
    static let largestGroup = 128

    private struct PendingWrite: Sendable {
        /// The function that runs the body and returns a closure that resumes the caller.
        ///
        /// The closure is called once the commit is durable.
        let attempt: @Sendable (SQLiteConnection) throws -> @Sendable () -> Void
        /// The function that resumes the caller with an error if nothing was changed.
        let fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting: [PendingWrite] = []
        var isDraining = false
        var isClosed = false
        var statistics = WriteStatistics()
    }

    private let pool: DatabasePool
    private let file: DatabaseFile
    private let state = Mutex(State())

    /// - Parameters:
    ///   - pool: The database.
    ///   - file: The file of the database. Writes fail if it was moved, removed or replaced.
    init(pool: DatabasePool, file: DatabaseFile) {
        self.pool = pool
        self.file = file
    }

    var statistics: WriteStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waiting = state.waiting.count
            return statistics
        }
    }

    /// Rejects new writes.
    ///
    /// Accepted writes are still executed.
    func refuseWrites() { state.withLock { $0.isClosed = true } }

    /// Runs a body as part of a shared transaction.
    ///
    /// To the caller, the body behaves like a separate transaction, which is durable when this method returns.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
            let write = PendingWrite(
                attempt: { connection in
                    let value = try body(connection)
                    return { continuation.resume(returning: value) }
                },
                fail: { continuation.resume(throwing: $0) }
            )
            enqueue(write)
        }
    }

    private func enqueue(_ write: PendingWrite) {
        let isAccepted = state.withLock { state in
            guard !state.isClosed else { return false }
            state.waiting.append(write)
            // The drain is queued while the lock is held, and therefore before the work of close().
            if !state.isDraining { pool.asyncWriteWithoutTransaction { self.drain($0) } }
            state.isDraining = true
            return true
        }
        if !isAccepted { write.fail(SQLError(.other, "the database is closed")) }
    }

    private func nextGroup() -> [PendingWrite] {
        state.withLock { state in
            let group = Array(state.waiting.prefix(Self.largestGroup))
            state.waiting.removeFirst(group.count)
            state.isDraining = !group.isEmpty
            return group
        }
    }

    /// Commits groups of writes until no write is waiting.
    ///
    /// Runs on the queue of the writing connection.
    private func drain(_ database: Database) {
        while true {
            let group = nextGroup()
            guard !group.isEmpty else { return }
            let completions = Result { try commit(group, database) }
            let isCommitted = if case .success = completions { true } else { false }
            state.withLock { $0.statistics.count(group.count, isCommitted: isCommitted) }
            switch completions {
            case .success(let completions): for complete in completions { complete() }
            case .failure(let error): for write in group { write.fail(Self.translated(error)) }
            }
        }
    }

    /// Runs a group of writes in one transaction.
    ///
    /// - Returns: Closures that each resume one caller with its result or its error.
    /// - Throws: An error if the whole group was rolled back.
    private func commit(_ group: [PendingWrite], _ database: Database) throws -> [@Sendable () -> Void] {
        try file.check()
        let connection = SQLiteConnection(database: database)
        var completions: [@Sendable () -> Void] = []
        try database.inTransaction(.immediate) {
            for write in group {
                do {
                    completions.append(try group.count == 1 ? write.attempt(connection) : attempt(write, connection))
                } catch let error where group.count > 1 && database.isInsideTransaction {
                    completions.append { write.fail(Self.translated(error)) }
                }
                // Any other error fails the whole group, because SQLite has rolled back the transaction, for example
                // because the disk is full.
            }
            return .commit
        }
        return completions
    }

    private func attempt(_ write: PendingWrite, _ connection: SQLiteConnection) throws -> @Sendable () -> Void {
        let database = connection.database
        try database.cachedStatement(sql: "SAVEPOINT body").execute()
        do {
            let complete = try write.attempt(connection)
            try database.cachedStatement(sql: "RELEASE SAVEPOINT body").execute()
            return complete
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
