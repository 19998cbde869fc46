import CSQLiteConfig
import Dispatch
import Foundation
import GRDB
import PontoonCore

/// An SQLite database in WAL mode, with one writer that commits in groups and readers that do not wait for it.
///
/// Several processes on one machine may share the file, which must not be on a network file system.
package struct SQLiteDriver: SQLDriver {
    private let pool: DatabasePool
    private let file: DatabaseFile
    private let readTimeout: Duration
    private let writer: GroupCommit
    private let gate = ReadGate(limit: LowPriorityExecutor.threadCount - 1)

    private init(pool: DatabasePool, settings: SQLiteSettings) throws {
        self.pool = pool
        file = try DatabaseFile(open: settings.path)
        readTimeout = settings.readTimeout
        writer = GroupCommit(pool: pool, file: file)
    }

    /// Opens a database.
    ///
    /// If the file does not exist, creates one that only its owner can read.
    ///
    /// - Throws: An error if the file cannot be created or opened, is not a database, or stays locked by another
    ///   process.
    package static func open(_ settings: SQLiteSettings) async throws -> SQLiteDriver {
        try await onBlockingThread {
            try DatabaseFile.create(settings.path)
            return try SQLiteDriver(pool: try openPool(settings), settings: settings)
        }
    }

    /// Opens a database for reading only.
    ///
    /// A server may be using it.
    ///
    /// - Throws: An error if the file does not exist, is not a database, or stays locked by another process.
    package static func openReadOnly(_ settings: SQLiteSettings) async throws -> SQLiteDriver {
        try await onBlockingThread {
            try SQLiteDriver(pool: try openPool(settings, isReadOnly: true), settings: settings)
        }
    }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        // Reads on the current thread, which has a low priority and may block.
        if LowPriorityExecutor.isCurrent {
            // Without this pause, a call with many reads, such as the listing of a large folder, would block all other
            // calls.
            await LowPriorityExecutor.yieldAfterTurn()
            return try await gate.run(for: EventActor.current) { try readBlocking(body) }
        }
        let readTimeout = readTimeout
        return try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { database in
                continuation.resume(with: Result { try Self.read(from: database, within: readTimeout, body) })
            }
        }
    }

    private func readBlocking<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) throws -> Value {
        do {
            return try pool.read { try Self.read(from: .success($0), within: readTimeout, body) }
        } catch let error as DatabaseError {
            throw SQLError(error)
        }
    }

    private static func read<Value>(
        from database: Result<Database, any Error>,
        within limit: Duration,
        _ body: (any SQLConnection) throws -> Value
    ) throws -> Value {
        csqliteconfig_set_time_limit(Int64(limit / .milliseconds(1)))
        defer { csqliteconfig_set_time_limit(0) }
        do {
            return try body(SQLiteConnection(database: try database.get()))
        } catch let error as DatabaseError {
            throw SQLError(error)
        }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await writer.write(body)
    }

    package var dialect: SQLDialect { .sqlite }

    package func problems() async throws -> [String] {
        try await withConnection { database in
            let damage = try String.fetchAll(database, sql: "PRAGMA integrity_check(100)").filter { $0 != "ok" }
            let references = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").prefix(100)
            return damage
                + references.map { row in
                    let (table, parent): (String?, String?) = (row["table"], row["parent"])
                    return "a row of table \(table ?? "?") refers to a row of \(parent ?? "?") that does not exist"
                }
        }
    }

    package func copySnapshot(to path: String) async throws {
        try await withConnection { database in
            let target = try DatabaseQueue(path: path)
            try target.writeWithoutTransaction { try database.backup(to: $0) }
            try target.close()
        }
    }

    /// Runs a body on a reading connection without a time limit.
    private func withConnection<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        let pool = pool
        return try await Self.onBlockingThread {
            do {
                return try pool.read(body)
            } catch let error as DatabaseError {
                throw SQLError(error)
            }
        }
    }

    package func ping(within limit: Duration) async throws {
        try file.check()
        let pool = pool
        let timeoutError = SQLError(.unreachable, "SQLite did not respond within \(limit)")
        try await withTimeout(limit, timeoutError) { result in
            pool.asyncRead { database in
                result.resume(
                    with: Result {
                        do {
                            _ = try Int.fetchOne(database.get(), sql: "SELECT COUNT(*) FROM sqlite_master")
                        } catch let error as DatabaseError {
                            throw SQLError(error)
                        }
                    }
                )
            }
        }
    }

    package func close() async throws {
        writer.refuseWrites()
        try await Self.onBlockingThread {
            // Waits for accepted writes, which are ahead in the connection's queue, and moves their changes from the
            // -wal file to the database file, so that a copy of the database file alone is complete. This fails if
            // another process is reading the database. The changes then stay in the -wal file, where they are just as
            // durable.
            try? pool.writeWithoutTransaction { database in
                // There is no connection if the database is already closed.
                if database.sqliteConnection != nil { _ = try database.checkpoint(.truncate) }
            }
            try pool.close()
        }
    }

    package var statistics: WriteStatistics { writer.statistics }

    package var activity: DatabaseActivity {
        let statistics = writer.statistics
        var activity = DatabaseActivity()
        activity.waiting = statistics.waiting
        activity.writes = statistics.committedWrites
        activity.commits = statistics.commitSizes
        return activity
    }

    /// Disables SQLite's memory statistics for the whole process.
    ///
    /// Must run before the first database is opened.
    private static let processSettings: Void = {
        // If this fails, SQLite is only slower.
        _ = csqliteconfig_disable_memory_statistics()
    }()

    private static func openPool(_ settings: SQLiteSettings, isReadOnly: Bool = false) throws -> DatabasePool {
        _ = processSettings
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        // Retries every millisecond. SQLite's own busy handler soon sleeps 100 ms between attempts and rarely gets the
        // lock of a process that commits continuously, because that process releases it for only microseconds.
        let tries = Int(settings.busyTimeout / .milliseconds(1))
        configuration.busyMode = .callback { count in
            Thread.sleep(forTimeInterval: 0.001)
            return count < tries
        }
        configuration.maximumReaderCount = max(4, ProcessInfo.processInfo.activeProcessorCount)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
            csqliteconfig_enforce_time_limits(database.sqliteConnection)
        }
        let deadline = ContinuousClock.now + settings.busyTimeout
        while true {
            do {
                let pool = try DatabasePool(path: settings.path, configuration: configuration)
                try pool.writeWithoutTransaction { try setUp($0, settings.durability) }
                return pool
            } catch let error as DatabaseError
                where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < deadline
            {
                // SQLite's busy handler does not cover another process enabling WAL mode or closing the database.
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
    }

    private static func setUp(_ database: Database, _ durability: SQLiteSettings.Durability) throws {
        // Set after the pool is created, because creating it sets NORMAL.
        switch durability {
        case .full: try database.execute(sql: "PRAGMA synchronous = FULL")
        case .os: try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        // Truncates the -wal file to 64 MiB at a checkpoint, if a burst of writes has made it larger.
        try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
    }

    /// Runs blocking work outside the cooperative thread pool.
    private static func onBlockingThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try body() })
            }
        }
    }
}

extension SQLMetadataStore {
    /// Opens the metadata store in an SQLite file, which is created if it does not exist.
    ///
    /// - Throws: The errors of ``SQLiteDriver/open(_:)`` and ``init(driver:clock:)``.
    package static func open(_ settings: SQLiteSettings) async throws -> SQLMetadataStore {
        try await SQLMetadataStore(driver: try await SQLiteDriver.open(settings))
    }

    /// Opens the metadata store in an SQLite file for reading only.
    ///
    /// A server may be using the file.
    ///
    /// - Throws: The errors of ``SQLiteDriver/openReadOnly(_:)`` and ``init(reading:)``.
    package static func openReadOnly(_ settings: SQLiteSettings) async throws -> SQLMetadataStore {
        let driver = try await SQLiteDriver.openReadOnly(settings)
        do {
            return try await SQLMetadataStore(reading: driver)
        } catch {
            try await driver.close()
            throw error
        }
    }
}
