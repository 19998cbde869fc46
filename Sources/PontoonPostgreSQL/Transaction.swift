#if PostgreSQL
import PontoonMetadata

/// One attempt to run a closure as a transaction.
///
/// The transaction begins with the closure's first statement: `BEGIN` is sent together with it. A read does not wait
/// for the response to `COMMIT`. A read with one statement therefore takes one round trip, and a write with one
/// statement takes two.
final class Transaction: SQLConnection {
    enum Kind: Sendable { case read, write }

    let counterShard: Int
    private let connection: PostgreSQLConnection
    private let kind: Kind
    private let writeTimeout: Duration
    private var hasBegun = false
    private var isCommitting = false
    /// How to retry the transaction; `.none` if it has not failed or must not be retried.
    private(set) var retryAction = StatementFailure.RetryAction.none
    /// Maximum number of unread results.
    ///
    /// If there are more, they are read, so that they do not fill the socket buffers.
    private static let maximumUnreadResults = 200

    /// - Parameters:
    ///   - connection: The connection; its session has the statement timeout for reads.
    ///   - kind: Whether the transaction may write.
    ///   - counterShard: The counter shard that the transaction uses.
    ///   - writeTimeout: Maximum duration of one statement; used only for a write.
    init(_ connection: PostgreSQLConnection, _ kind: Kind, counterShard: Int, writeTimeout: Duration) {
        self.counterShard = counterShard
        self.connection = connection
        self.kind = kind
        self.writeTimeout = writeTimeout
    }

    func query(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws -> [SQLRow] {
        try recordingFailure {
            try add(statement, values, lock)
            return try connection.roundTrip().rows
        }
    }

    func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int {
        try recordingFailure {
            try add(statement, values, nil)
            return try connection.roundTrip().changes
        }
    }

    func enqueue(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws {
        try recordingFailure {
            try add(statement, values, lock)
            if connection.unreadResults > Self.maximumUnreadResults { _ = try connection.roundTrip() }
        }
    }

    /// Commits a write and waits for the server's response, or ends a read without waiting.
    ///
    /// - Throws: ``SQLError``. Its kind is `.outcomeUnknown` if the connection broke before the server's response to
    ///   the commit of a write arrived.
    func commit() throws {
        guard hasBegun else { return }
        try recordingFailure {
            try connection.enqueue("COMMIT", isConstant: true, values: [])
            switch kind {
            case .read: try connection.flush()
            case .write:
                isCommitting = true
                // After a failed statement, PostgreSQL executes COMMIT as a rollback.
                guard try connection.roundTrip().tag == "COMMIT" else {
                    throw SQLError(.other, "the transaction was rolled back because one of its statements failed")
                }
            }
        }
    }

    func rollBack() {
        guard hasBegun, !connection.isBroken else { return }
        do {
            // Starts a new pipeline segment, because the server skips the statements of a segment after one has failed.
            try connection.flush()
            try connection.enqueue("ROLLBACK", isConstant: true, values: [])
            _ = try connection.roundTrip()
        } catch {
            // The server rolls back when the connection closes.
            connection.abandon()
        }
    }

    private func add(_ statement: SQLStatement, _ values: [SQLValue], _ lock: SQLRowLock?) throws {
        if !hasBegun {
            hasBegun = true
            try connection.enqueue(kind.begin, isConstant: true, values: [])
            if kind == .write {
                let limit = Int(writeTimeout / .milliseconds(1))
                try connection.enqueue("SET LOCAL statement_timeout = \(limit)", isConstant: true, values: [])
            }
        }
        let text = statement.text + (lock?.clause ?? "")
        try connection.enqueue(text, isConstant: statement.isConstant, values: values)
    }

    private func recordingFailure<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let failure as StatementFailure {
            if isCommitting, failure.retryAction == .reconnect {
                // Must not be retried, because the transaction may have been committed.
                retryAction = .none
                throw SQLError(.outcomeUnknown, "the outcome of a commit is unknown: \(failure.error)")
            }
            if retryAction == .none { retryAction = failure.retryAction }
            throw failure.error
        }
    }
}

extension Transaction.Kind {
    fileprivate var begin: String {
        switch self {
        case .read: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        case .write: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
        }
    }
}

extension SQLRowLock {
    fileprivate var clause: String {
        switch self {
        case .forShare(let table): " FOR SHARE OF \(table)"
        case .forNoKeyUpdate(let table): " FOR NO KEY UPDATE OF \(table)"
        case .forNoKeyUpdateSkippingLocked(let table): " FOR NO KEY UPDATE OF \(table) SKIP LOCKED"
        case .forUpdate(let table): " FOR UPDATE OF \(table)"
        case .forUpdateSkippingLocked(let table): " FOR UPDATE OF \(table) SKIP LOCKED"
        }
    }
}
#endif
