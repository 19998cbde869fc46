package import Foundation
package import PontoonCore

/// The metadata store in an SQL database.
///
/// All databases share one set of statements; ``SQLDriver`` hides their differences. Constraints, conditional
/// statements and row locks enforce the rules that concurrent processes could otherwise violate.
package struct SQLMetadataStore: MetadataStore {
    let driver: any SQLDriver
    let cache = ReadCache()
    /// The limits from the settings, which apply to users and projects without individual limits.
    package var defaultQuotas = DefaultQuotas()
    /// Whether changes are recorded in the event log.
    package var recordsEvents = true
    package let eventSignal = EventSignal()
    /// The numbers of events that were recorded and deleted through this store, for metrics.
    package let eventCounts = EventCounts()
    private let clock: @Sendable () -> Date

    /// Creates a store, and runs all pending migrations.
    ///
    /// - Parameters:
    ///   - driver: The driver of the database. ``close()`` closes it.
    ///   - clock: Returns the current time for methods that do not receive it as an argument, for example to record
    ///     events, discarded objects and object leases.
    /// - Throws: ``UnknownMigrations`` if the tables were changed by a newer version of the program; the errors of the
    ///   database.
    package init(driver: some SQLDriver, clock: @escaping @Sendable () -> Date = { Date() }) async throws {
        try await Migrator.migrate(driver)
        self.driver = driver
        self.clock = clock
        try await createEventLog()
    }

    /// Creates a store that reads a database without changing it, even while a server is using the database.
    ///
    /// - Parameter driver: The driver of the database. ``close()`` closes it.
    /// - Throws: ``UnknownMigrations`` if the tables were changed by a newer version of the program;
    ///   ``MissingMigrations`` if migrations are pending; the errors of the database.
    package init(reading driver: some SQLDriver) async throws {
        try await Migrator.requireCurrent(driver)
        self.driver = driver
        clock = { Date() }
    }

    /// Closes the database; later calls fail.
    package func close() async throws { try await driver.close() }

    /// Checks that the database responds.
    ///
    /// - Throws: ``SQLError`` if it does not respond within `limit`.
    package func ping(within limit: Duration) async throws { try await driver.ping(within: limit) }

    /// Checks the integrity of the database itself, which may take minutes if the database is large.
    ///
    /// - Returns: Descriptions of the problems, at most about 200; always empty for PostgreSQL, which has other tools
    ///   for this check.
    package func databaseProblems() async throws -> [String] { try await driver.problems() }

    var now: Date { clock() }

    /// Runs queries on one consistent snapshot; see ``SQLDriver/read(_:)``.
    ///
    /// - Returns: The result of the body.
    /// - Throws: The errors of the body; `.badRequest` for text that contains U+0000.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await driver.read(body)
        } catch let error as SQLError {
            throw Self.refusal(error)
        }
    }

    /// Runs statements as one transaction; see ``SQLDriver/write(_:)``.
    ///
    /// - Parameters:
    ///   - change: The cached rows that the transaction may change.
    ///   - body: The statements.
    /// - Returns: The result of the body.
    /// - Throws: The errors of the body and of the commit; `.storageFull` if the disk is full, `.badRequest` for text
    ///   that contains U+0000, `.quotaExceeded` if a usage counter would exceed 4 EiB.
    func write<Value: Sendable>(
        changing change: ReadCache.Change = .any,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        defer { cache.invalidate(change) }
        let tally = recordsEvents ? EventTally() : nil
        do {
            let value = try await driver.write { connection in
                try body(tally?.restart(over: connection) ?? connection)
            }
            eventSignal.raise()
            if let tally { eventCounts.add(tally) }
            return value
        } catch let error as SQLError {
            throw Self.refusal(error)
        }
    }

    /// Runs a read-then-write transaction; retries it after a constraint violation caused by a concurrent writer.
    ///
    /// A retry sees the changes of the other writer. The body runs at most four times, not counting the retries of the
    /// driver.
    func writeRetryingConflicts<Value: Sendable>(
        changing change: ReadCache.Change = .any,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        for _ in 0..<3 {
            do {
                return try await write(changing: change, body)
            } catch let error as SQLError where error.isConflict {
                continue
            }
        }
        return try await write(changing: change, body)
    }

    /// Runs a transaction whose body chooses between commit and rollback, and returns the body's result in both cases.
    func writeOrRollBack<Value: Sendable>(
        changing change: ReadCache.Change = .any,
        _ body: @escaping @Sendable (any SQLConnection) throws -> TransactionEnd<Value>
    ) async throws -> Value {
        do {
            return try await write(changing: change) { connection in
                switch try body(connection) {
                case .commit(let value): return value
                // The driver rolls a transaction back only if the body throws.
                case .rollBack(let value): throw RolledBack(value: value)
                }
            }
        } catch let rolledBack as RolledBack<Value> {
            return rolledBack.value
        }
    }

    private struct RolledBack<Value: Sendable>: Error {
        let value: Value
    }

    private static func refusal(_ error: SQLError) -> any Error {
        switch error.kind {
        case .full: PontoonError(.storageFull, "The server's disk is full; try again later.", cause: error)
        // The error has no cause, because a cause would be logged although only the caller is at fault.
        case .unstorableText: PontoonError.textContainsNull
        // Only the usage counters have a check constraint that a caller can violate.
        case .checkViolation:
            PontoonError(.quotaExceeded, "A project or user cannot use more than 4 EiB.", cause: error)
        case .uniqueViolation, .foreignKeyViolation, .busy, .unreachable, .outcomeUnknown, .other: error
        }
    }
}

extension SQLMetadataStore: ReachableStore {
    package func ping() async throws { try await ping(within: .seconds(2)) }
}

/// The decision to commit or roll back a transaction, and its result.
enum TransactionEnd<Value: Sendable>: Sendable {
    case commit(Value)
    /// Undoes all changes.
    case rollBack(Value)
}
