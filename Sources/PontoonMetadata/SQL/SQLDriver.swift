/// A connection to an SQL database, reduced to what the store needs; `SQLite/` and `PostgreSQL/` have one each.
///
/// The store speaks the dialect that SQLite 3.35 and PostgreSQL share: `ON CONFLICT`, `RETURNING`, `$1` parameters that
/// are numbered in order of first use, `BIGINT` and `TEXT` columns, text compared byte for byte (see ``SQLDialect``).
package protocol SQLDriver: Sendable {
    /// What the tables are made with.
    var dialect: SQLDialect { get }
    /// The connections, when there is a pool of them to a server.
    var pool: SQLPoolStatistics? { get }
    /// Runs queries on one unchanging state of the database.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value
    /// Runs statements as one transaction, durable when it returns; what the body throws undoes all of them.
    ///
    /// The body may be run more than once, so it must do nothing but talk to its connection, and must let an error of
    /// the connection through. Other writers' commits may show between its statements (`READ COMMITTED`); where that
    /// matters the store holds rows, see ``SQLRowLock``. A write that has begun is not cancelled with its task.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value
    /// Asks the database for an answer, however small.
    /// - Throws: ``SQLError`` when none came in time.
    func ping(within limit: Duration) async throws
    /// Ends running transactions and lets go of the database; everything asked later fails.
    func close() async throws
}

extension SQLDriver {
    package var pool: SQLPoolStatistics? { nil }
}

/// Runs statements inside a transaction.
package protocol SQLConnection {
    /// Runs a statement that gives rows back.
    ///
    /// - Parameters:
    ///   - statement: With parameters from `$1`.
    ///   - values: `$1` first.
    ///   - holding: Keeps the rows found from changing until the transaction ends; only in a write.
    /// - Returns: The rows, in order.
    /// - Throws: ``SQLError``.
    func query(_ statement: SQLStatement, values: [SQLValue], holding: SQLRowLock?) throws -> [SQLRow]
    /// Runs a statement that gives no rows back.
    ///
    /// - Parameters:
    ///   - statement: With parameters from `$1`.
    ///   - values: `$1` first.
    /// - Returns: How many rows it inserted, updated or deleted, cascades not counted; meaningless for other statements.
    /// - Throws: ``SQLError``.
    func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int
    /// Runs a statement whose answer nobody waits for: it travels with the next one, or with the commit.
    ///
    /// What is wrong with it is thrown by a later statement or by the end of the transaction, so there is no catching it
    /// here.
    ///
    /// - Parameters:
    ///   - statement: With parameters from `$1`; rows that it gives back are dropped.
    ///   - values: `$1` first.
    ///   - holding: As in ``query(_:values:holding:)``.
    /// - Throws: ``SQLError``.
    func send(_ statement: SQLStatement, values: [SQLValue], holding: SQLRowLock?) throws
}

/// How a query holds the rows that it finds against other writers.
///
/// A database whose writers are alone anyway, such as SQLite, ignores it; PostgreSQL appends `FOR SHARE OF table` or
/// `FOR UPDATE OF table`.
package enum SQLRowLock: Sendable {
    /// The table's rows cannot be changed or deleted, but others may hold them likewise.
    case shared(String)
    /// The table's rows cannot be changed, deleted, held, or referred to by new rows.
    case exclusive(String)
}

extension SQLConnection {
    /// Runs a statement that gives rows back; see ``query(_:values:holding:)``.
    func query(
        _ statement: SQLStatement,
        _ arguments: [(any SQLConvertible)?] = [],
        holding: SQLRowLock? = nil
    ) throws -> [SQLRow] {
        try query(statement, values: arguments.map { $0?.sqlValue ?? .null }, holding: holding)
    }

    /// Runs a statement whose answer nobody waits for; see ``send(_:values:holding:)``.
    func send(
        _ statement: SQLStatement,
        _ arguments: [(any SQLConvertible)?] = [],
        holding: SQLRowLock? = nil
    ) throws {
        try send(statement, values: arguments.map { $0?.sqlValue ?? .null }, holding: holding)
    }

    /// Runs a statement that gives no rows back; see ``execute(_:values:)``.
    @discardableResult
    func execute(_ statement: SQLStatement, _ arguments: [(any SQLConvertible)?] = []) throws -> Int {
        try execute(statement, values: arguments.map { $0?.sqlValue ?? .null })
    }
}
