#if PostgreSQL
/// A PostgreSQL database behind a pool of connections.
///
/// A read that meets a lost connection is run again on a new one, and so is a write that had not asked for its commit.
/// When the answer to a commit is lost the write fails with ``SQLError/Kind/outcomeUnknown``, and is not repeated. Deadlocks
/// and serialization failures are repeated after a short random pause. While no connection can be made, what is asked
/// waits for ``PostgreSQLSettings/patience``.
package struct PostgreSQLDriver: SQLDriver {
    private let connections: PostgreSQLPool
    private let settings: PostgreSQLSettings

    private init(_ settings: PostgreSQLSettings) {
        self.settings = settings
        connections = PostgreSQLPool(settings)
    }

    /// Makes a first connection, to find out whether the database can be used.
    /// - Throws: ``PostgreSQLError``.
    package static func open(_ settings: PostgreSQLSettings) async throws -> PostgreSQLDriver {
        let driver = PostgreSQLDriver(settings)
        do {
            try await driver.connect()
            return driver
        } catch {
            await driver.connections.close()
            throw error
        }
    }

    private func connect() async throws {
        try await submit { session in
            let deadline = ContinuousClock.now + settings.patience
            while true {
                do {
                    try session.connect()
                    return
                } catch let error as PostgreSQLError where error.reason == .notReady && ContinuousClock.now < deadline {
                    // Begun at the same moment as this process, perhaps.
                    session.pause()
                }
            }
        }
    }

    package var dialect: SQLDialect { .postgreSQL }
    package var pool: SQLPoolStatistics? { connections.statistics }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + settings.patience
        return try await submit { try $0.run(.read, before: deadline, body) }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + settings.patience
        return try await submit { try $0.run(.write, before: deadline, body) }
    }

    package func ping(within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        try await OneAnswer.wait(atMost: limit) { answer in
            connections.submit(
                PostgreSQLPool.Job(
                    deadline: deadline,
                    run: { session in
                        answer.resume(
                            with: Result {
                                _ = try session.run(.read, before: deadline) { try $0.query("SELECT 1") }
                            }
                        )
                    },
                    fail: { answer.resume(with: .failure($0)) }
                )
            )
        }
    }

    package func close() async throws { await connections.close() }

    private func submit<Value: Sendable>(
        _ body: @escaping @Sendable (PostgreSQLSession) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            connections.submit(
                PostgreSQLPool.Job(
                    deadline: ContinuousClock.now + settings.patience,
                    run: { session in continuation.resume(with: Result { try body(session) }) },
                    fail: { continuation.resume(throwing: $0) }
                )
            )
        }
    }
}
#endif
