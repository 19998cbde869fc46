/// An SQL database, with the operations that the metadata store needs.
///
/// The implementations are ``SQLiteDriver`` in this module and `PostgreSQLDriver` in PontoonPostgreSQL.
///
/// The store's statements use features common to SQLite 3.35 and PostgreSQL: `ON CONFLICT`, `RETURNING`, parameters
/// `$1`, `$2`, … numbered in order of first use, `BIGINT` and `TEXT` columns, and text compared byte for byte
/// (see ``SQLDialect``).
package protocol SQLDriver: Sendable {
    /// The dialect of this database.
    var dialect: SQLDialect { get }
    /// The current load of the database.
    var activity: DatabaseActivity { get }
    /// Runs queries on one consistent snapshot of the database.
    ///
    /// Queries that take too long (by default, more than 5 seconds) fail with ``SQLError/Kind/busy``, so that a caller
    /// cannot occupy a connection indefinitely. The limit applies to each query in PostgreSQL, and to the whole body in
    /// SQLite.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value
    /// Runs statements as one transaction, which is durable when the method returns.
    ///
    /// If the body throws, all statements are rolled back.
    ///
    /// The body may run more than once, so it must have no effects other than through its connection. If one of its
    /// statements throws, the body must throw too. Between its statements, it may see the commits of other writers
    /// (`READ COMMITTED`). Where this matters, the store locks rows (``SQLRowLock``). Cancelling the task does not stop
    /// a running write.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value
    /// Checks that the database responds.
    ///
    /// - Throws: ``SQLError`` if it does not respond within `limit`.
    func ping(within limit: Duration) async throws
    /// Returns descriptions of damage and broken references in the database, at most about 200. Always empty for
    /// PostgreSQL.
    func problems() async throws -> [String]
    /// Copies all rows, as of one moment, to an SQLite database that has the same tables and no rows.
    ///
    /// No time limit applies to the copy as a whole. The copy is not durable when this method returns.
    ///
    /// - Parameter path: The database file. No connection may be using it.
    /// - Throws: ``SQLError``; the file is then incomplete.
    func copySnapshot(to path: String) async throws
    /// Closes the database after its accepted transactions have finished. Later calls fail.
    ///
    /// The PostgreSQL driver cancels transactions that do not finish within 5 seconds.
    func close() async throws
}

extension SQLDriver {
    package var activity: DatabaseActivity { DatabaseActivity() }

    package func problems() async throws -> [String] { [] }

    package func copySnapshot(to path: String) async throws {
        try await read { try SnapshotFile(path).fill(from: $0) }
    }
}

/// A database connection that runs statements inside a transaction.
package protocol SQLConnection {
    /// The shard of counters that this transaction changes; see ``CounterShards``.
    var counterShard: Int { get }
    /// Runs a statement and returns its rows.
    ///
    /// - Parameters:
    ///   - statement: The statement, with parameters numbered from `$1`.
    ///   - values: Values of the parameters, `$1` first.
    ///   - lock: A lock on the rows found, held until the transaction ends. Allowed only in writes.
    /// - Returns: The rows, in the order of the result.
    /// - Throws: ``SQLError``.
    func query(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws -> [SQLRow]
    /// Runs a statement that returns no rows.
    ///
    /// - Parameters:
    ///   - statement: The statement, with parameters numbered from `$1`.
    ///   - values: Values of the parameters, `$1` first.
    /// - Returns: The number of rows inserted, updated or deleted, excluding cascades; undefined for other statements.
    /// - Throws: ``SQLError``.
    func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int
    /// Queues a statement to be sent with the next statement or the commit, without waiting for its result.
    ///
    /// If the statement fails, this call, a later statement or the commit throws its error, so the body must not catch
    /// it.
    ///
    /// - Parameters:
    ///   - statement: The statement, with parameters numbered from `$1`; rows that it returns are discarded.
    ///   - values: Values of the parameters, `$1` first.
    ///   - lock: A lock on the rows found; see ``query(_:values:lock:)``.
    /// - Throws: ``SQLError``.
    func enqueue(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws
}

/// A lock that protects the rows that a query finds in one table, given by name, from other writers.
///
/// With PostgreSQL, a clause such as `FOR SHARE OF table` is appended to the query. SQLite ignores the lock,
/// because it runs one writer at a time.
package enum SQLRowLock: Sendable {
    /// Other transactions cannot change or delete the rows, but may acquire the same lock.
    case forShare(String)
    /// Other transactions cannot change, delete or lock the rows, but may insert rows that reference them.
    case forNoKeyUpdate(String)
    /// Like ``forNoKeyUpdate(_:)``, but omits rows that other transactions have locked, instead of waiting for them.
    case forNoKeyUpdateSkippingLocked(String)
    /// Other transactions cannot change, delete or lock the rows, or insert rows that reference them.
    case forUpdate(String)
    /// Like ``forUpdate(_:)``, but omits rows that other transactions have locked, instead of waiting for them.
    case forUpdateSkippingLocked(String)
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
