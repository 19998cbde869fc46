#if PostgreSQL
package import PontoonMetadata

/// A PostgreSQL database, accessed through a pool of connections.
///
/// A transaction that loses its connection before its commit is sent is retried on a new connection, in up to three
/// attempts. If the response to a commit is lost, the write fails with ``SQLError/Kind/outcomeUnknown`` and is not
/// retried. After a deadlock or a serialization failure, the transaction is retried after a short random delay, in up
/// to 20 attempts. While no connection can be established, transactions wait for up to
/// ``PostgreSQLSettings/acquireTimeout``.
package struct PostgreSQLDriver: SQLDriver {
    private let pool: ConnectionPool
    private let settings: PostgreSQLSettings

    private init(_ settings: PostgreSQLSettings) {
        self.settings = settings
        pool = ConnectionPool(settings)
    }

    /// Creates a driver and opens its first connection, to check that the database can be used.
    ///
    /// Waits for up to ``PostgreSQLSettings/acquireTimeout`` for a server that is starting.
    ///
    /// - Throws: ``PostgreSQLError`` if the database is unreachable or unsuitable.
    package static func open(_ settings: PostgreSQLSettings) async throws -> PostgreSQLDriver {
        let driver = PostgreSQLDriver(settings)
        do {
            try await driver.connect()
            return driver
        } catch {
            await driver.pool.close()
            throw error
        }
    }

    private func connect() async throws {
        try await submit { worker in
            let deadline = ContinuousClock.now + settings.acquireTimeout
            while true {
                do {
                    try worker.checkSessions()
                    try worker.connect()
                    return
                } catch let error as PostgreSQLError where error.reason == .notReady && ContinuousClock.now < deadline {
                    // The server may have been started at the same time as this process.
                    worker.pause()
                }
            }
        }
    }

    package var dialect: SQLDialect { .postgreSQL }
    package var poolStatistics: ConnectionPoolStatistics { pool.statistics }

    package var activity: DatabaseActivity {
        let statistics = pool.statistics
        var activity = DatabaseActivity()
        activity.waiting = statistics.waiting
        activity.connections = statistics.connections
        activity.maximumConnections = statistics.maximumConnections
        activity.lostConnections = statistics.lostConnections
        return activity
    }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + settings.acquireTimeout
        return try await submit { try $0.run(.read, before: deadline, body) }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + settings.acquireTimeout
        return try await submit { try $0.run(.write, before: deadline, body) }
    }

    package func ping(within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        let timeoutError = SQLError(.unreachable, "PostgreSQL did not respond within \(limit)")
        try await withTimeout(limit, timeoutError) { result in
            pool.submit(
                ConnectionPool.Job(
                    deadline: deadline,
                    run: { worker in
                        result.resume(
                            with: Result {
                                _ = try worker.run(.read, before: deadline) {
                                    try $0.query("SELECT 1", values: [], lock: nil)
                                }
                            }
                        )
                    },
                    fail: { result.resume(with: .failure($0)) }
                )
            )
        }
    }

    package func close() async throws { await pool.close() }

    private func submit<Value: Sendable>(
        _ body: @escaping @Sendable (ConnectionWorker) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            pool.submit(
                ConnectionPool.Job(
                    deadline: ContinuousClock.now + settings.acquireTimeout,
                    run: { worker in continuation.resume(with: Result { try body(worker) }) },
                    fail: { continuation.resume(throwing: $0) }
                )
            )
        }
    }
}
#endif
