/// The operations of an SQL database that the store needs.
///
/// ``SQLiteDriver`` is in this module, `PostgreSQLDriver` in a separate one.
///
/// The store's statements use features common to SQLite 3.35 and PostgreSQL: `ON CONFLICT`, `RETURNING`, parameters
/// `$1`, `$2`, … numbered in order of first use, `BIGINT` and `TEXT` columns, and text compared byte for byte
/// (see ``SQLDialect``).
package protocol SQLDriver: Sendable {
    /// The dialect of this database's table definitions.
    var dialect: SQLDialect { get }
    /// Runs queries on one consistent snapshot of the database.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value
    /// Runs statements as one transaction that is durable when the method returns. An error thrown by the body rolls all of
    /// them back.
    ///
    /// The body may run more than once, so it must have no effect beyond its connection, and it must rethrow the
    /// connection's errors. Between its statements it may see the commits of other writers (`READ COMMITTED`); the store
    /// locks rows if that matters (``SQLRowLock``). Cancelling the task does not stop a write that has started.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value
    /// Checks that the database responds to a trivial query.
    /// - Throws: ``SQLError`` if it does not respond within `limit`.
    func ping(within limit: Duration) async throws
    /// Finishes running transactions and closes the database; later calls fail.
    func close() async throws
}

/// Runs statements inside a transaction.
package protocol SQLConnection {
    /// Runs a statement and returns its rows.
    ///
    /// - Parameters:
    ///   - statement: Its parameters are numbered from `$1`.
    ///   - values: Values of the parameters, `$1` first.
    ///   - lock: Locks the rows found until the transaction ends; only in a write.
    /// - Returns: The rows, in the order of the result.
    /// - Throws: ``SQLError``.
    func query(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws -> [SQLRow]
    /// Runs a statement that returns no rows.
    ///
    /// - Parameters:
    ///   - statement: Its parameters are numbered from `$1`.
    ///   - values: Values of the parameters, `$1` first.
    /// - Returns: Number of rows it inserted, updated or deleted, without cascades; meaningless for other statements.
    /// - Throws: ``SQLError``.
    func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int
    /// Runs a statement without waiting for its result: it is sent together with the next statement or the commit.
    ///
    /// Its error is thrown by a later statement or by the end of the transaction, so the body cannot handle it.
    ///
    /// - Parameters:
    ///   - statement: Its parameters are numbered from `$1`; rows that it returns are dropped.
    ///   - values: Values of the parameters, `$1` first.
    ///   - lock: As in ``query(_:values:lock:)``.
    /// - Throws: ``SQLError``.
    func enqueue(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws
}

/// Locks the rows of a table that a query finds against other writers.
///
/// PostgreSQL appends `FOR SHARE OF table` or `FOR UPDATE OF table`. SQLite, which runs one writer at a time, ignores it.
package enum SQLRowLock: Sendable {
    /// Others cannot change or delete the rows, but may acquire the same lock.
    case forShare(String)
    /// Others cannot change, delete, lock, or refer to the rows from new rows.
    case forUpdate(String)
}

extension SQLConnection {
    func query(
        _ statement: SQLStatement,
        _ arguments: [(any SQLConvertible)?] = [],
        lock: SQLRowLock? = nil
    ) throws -> [SQLRow] {
        try query(statement, values: arguments.map { $0?.sqlValue ?? .null }, lock: lock)
    }

    func enqueue(
        _ statement: SQLStatement,
        _ arguments: [(any SQLConvertible)?] = [],
        lock: SQLRowLock? = nil
    ) throws {
        try enqueue(statement, values: arguments.map { $0?.sqlValue ?? .null }, lock: lock)
    }

    @discardableResult
    func execute(_ statement: SQLStatement, _ arguments: [(any SQLConvertible)?] = []) throws -> Int {
        try execute(statement, values: arguments.map { $0?.sqlValue ?? .null })
    }
}
