package import Foundation
import PontoonCore

/// Everything Pontoon remembers, in an SQL database.
///
/// One set of statements for all databases; what differs between them is behind ``SQLDriver``. A rule that must hold
/// against other processes is a constraint, a conditional statement, or a held row.
package struct SQLMetadataStore: MetadataStore {
    let driver: any SQLDriver
    let recent = RecentReads()
    private let clock: @Sendable () -> Date

    /// Takes a database and brings its tables up to date.
    ///
    /// - Parameters:
    ///   - driver: The database; closed by ``close()``.
    ///   - clock: Tells when an object was discarded; all other times are arguments.
    /// - Throws: ``UnknownMigrations`` when a newer version of the program has changed the tables.
    package init(driver: some SQLDriver, clock: @escaping @Sendable () -> Date = { Date() }) async throws {
        try await Migrator.migrate(driver)
        self.driver = driver
        self.clock = clock
    }

    /// Lets go of the database; everything asked later fails.
    package func close() async throws { try await driver.close() }

    /// Asks the database for an answer, however small.
    /// - Throws: When none came in time, which says nothing about other calls.
    package func ping(within limit: Duration) async throws { try await driver.ping(within: limit) }

    /// The connections, when there is a pool of them to a server.
    package var pool: SQLPoolStatistics? { driver.pool }

    var now: Date { clock() }

    /// Reads; see ``SQLDriver/read(_:)``.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await driver.read(body)
        } catch let error as SQLError {
            throw Self.refusal(error)
        }
    }

    /// Writes; see ``SQLDriver/write(_:)``.
    ///
    /// - Parameters:
    ///   - change: What of the recent reads it may change.
    ///   - body: The statements.
    /// - Returns: What the body returns.
    /// - Throws: What the body and the commit throw.
    func write<Value: Sendable>(
        changing change: RecentReads.Change = .any,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        defer { recent.forget(change) }
        do {
            return try await driver.write(body)
        } catch let error as SQLError {
            throw Self.refusal(error)
        }
    }

    /// Writes with a body that looks before it leaps: a constraint stops it only when another process leapt in between,
    /// and asked again it sees what that process did.
    func writeSettling<Value: Sendable>(
        changing change: RecentReads.Change = .any,
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

    /// Writes with a body that says how its transaction ends.
    func writeOrRollBack<Value: Sendable>(
        changing change: RecentReads.Change = .any,
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
        case .unstorableText: PontoonError(.badRequest, "Text must not hold the character U+0000.", cause: error)
        case .uniqueViolation, .foreignKeyViolation, .busy, .unreachable, .outcomeUnknown, .other: error
        }
    }
}

/// How a transaction ends, and its result.
enum TransactionEnd<Value: Sendable>: Sendable {
    case commit(Value)
    /// Nothing is changed.
    case rollBack(Value)
}

extension SQLError {
    /// Whether a constraint stopped the statement.
    var isConflict: Bool { kind == .uniqueViolation || kind == .foreignKeyViolation }
}

extension Page {
    /// Whether entries are wanted at all, not only their number.
    var isWanted: Bool { limit > 0 }
}
