package import Foundation
import PontoonCore

/// The metadata store in an SQL database.
///
/// All databases share one set of statements; ``SQLDriver`` hides their differences. Rules that must be enforced
/// against concurrent processes are constraints, conditional statements, or row locks.
package struct SQLMetadataStore: MetadataStore {
    let driver: any SQLDriver
    let cache = ReadCache()
    private let clock: @Sendable () -> Date

    /// Creates a store and runs the migrations that the database lacks.
    ///
    /// - Parameters:
    ///   - driver: The database; ``close()`` closes it.
    ///   - clock: The time at which objects are discarded; all other times are arguments of the calls.
    /// - Throws: ``UnknownMigrations`` if the tables were changed by a newer version of the program.
    package init(driver: some SQLDriver, clock: @escaping @Sendable () -> Date = { Date() }) async throws {
        try await Migrator.migrate(driver)
        self.driver = driver
        self.clock = clock
    }

    /// Closes the database; later calls fail.
    package func close() async throws { try await driver.close() }

    /// Checks that the database responds.
    /// - Throws: ``SQLError`` if it does not respond within `limit`.
    package func ping(within limit: Duration) async throws { try await driver.ping(within: limit) }

    var now: Date { clock() }

    /// Runs queries on one consistent snapshot; see ``SQLDriver/read(_:)``.
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
    ///   - change: Which cached rows the transaction may change.
    ///   - body: The statements.
    /// - Returns: The result of the body.
    /// - Throws: The errors of the body and of the commit.
    func write<Value: Sendable>(
        changing change: ReadCache.Change = .any,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        defer { cache.invalidate(change) }
        do {
            return try await driver.write(body)
        } catch let error as SQLError {
            throw Self.refusal(error)
        }
    }

    /// Runs a read-then-write transaction; retries it after a constraint violation caused by a concurrent writer.
    ///
    /// The next run sees the changes of that writer.
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

    /// Runs a transaction whose body returns a result even if the transaction is to be rolled back.
    func writeOrRollBack<Value: Sendable>(
        changing change: ReadCache.Change = .any,
        _ body: @escaping @Sendable (any SQLConnection) throws -> TransactionEnd<Value>
    ) async throws -> Value {
        do {
            return try await write(changing: change) { connection in
                switch try body(connection) {
                case .commit(let value): return value
                // Only an error rolls a transaction back.
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
        case .full: PontoonError(.storageFull, "The server's disk is full.", cause: error)
        case .unstorableText: PontoonError(.badRequest, "Text must not contain the character U+0000.", cause: error)
        case .uniqueViolation, .foreignKeyViolation, .busy, .unreachable, .outcomeUnknown, .other: error
        }
    }
}

extension SQLMetadataStore: ReachableStore {
    package func ping() async throws { try await ping(within: .seconds(2)) }
}

/// Whether to commit a transaction, and its result.
enum TransactionEnd<Value: Sendable>: Sendable {
    case commit(Value)
    /// Nothing is changed.
    case rollBack(Value)
}
