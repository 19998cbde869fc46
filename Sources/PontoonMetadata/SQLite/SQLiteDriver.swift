import Dispatch
import Foundation
import GRDB

/// An SQLite database in WAL mode: one writer that commits in groups, readers that do not wait for it.
///
/// Several processes on one machine may share the file; it must not be on a network file system.
package struct SQLiteDriver: SQLDriver {
    private let pool: DatabasePool
    private let writer: GroupCommit

    private init(pool: DatabasePool) {
        self.pool = pool
        writer = GroupCommit(pool: pool)
    }

    /// Opens a database, making it first (readable by its owner only) when there is none.
    /// - Throws: When the file cannot be made or opened, is no database, or others keep it locked for too long.
    package static func open(_ settings: SQLiteSettings) async throws -> SQLiteDriver {
        try await onThread {
            try DatabaseFile.create(settings.path)
            return SQLiteDriver(pool: try openPool(settings))
        }
    }

    package func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { database in
                continuation.resume(
                    with: Result {
                        do {
                            return try body(SQLiteConnection(database: try database.get()))
                        } catch let error as DatabaseError {
                            throw SQLError(error)
                        }
                    }
                )
            }
        }
    }

    package func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await writer.write(body)
    }

    package var dialect: SQLDialect { .sqlite }

    package func ping(within limit: Duration) async throws {
        let pool = pool
        try await OneAnswer.wait(atMost: limit) { answer in
            pool.asyncRead { database in
                answer.resume(with: Result { _ = try database.get().cachedStatement(sql: "SELECT 1") })
            }
        }
    }

    package func close() async throws {
        writer.refuseWrites()
        // Waits for the writes that were accepted: they are on the queue of the connection.
        try await Self.onThread { try pool.close() }
    }

    /// How much was written and in how many commits.
    package var statistics: WriteStatistics { writer.statistics }

    private static func openPool(_ settings: SQLiteSettings) throws -> DatabasePool {
        var configuration = Configuration()
        // Asks often: SQLite's own handler soon sleeps 100 ms between tries, and another process that commits without a
        // pause leaves the lock free for some microseconds only.
        let tries = Int(settings.busyTimeout / .milliseconds(1))
        configuration.busyMode = .callback { count in
            Thread.sleep(forTimeInterval: 0.001)
            return count < tries
        }
        configuration.maximumReaderCount = max(4, ProcessInfo.processInfo.activeProcessorCount)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA temp_store = MEMORY")
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
                // SQLite does not wait by itself while another process turns WAL mode on or closes the database.
                Thread.sleep(forTimeInterval: 0.01)
            }
        }
    }

    private static func setUp(_ database: Database, _ durability: SQLiteSettings.Durability) throws {
        // After the pool is made: it has set NORMAL.
        switch durability {
        case .full: try database.execute(sql: "PRAGMA synchronous = FULL")
        case .os: try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        // What a burst of writes made of the -wal file is given back to the disk.
        try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
    }

    /// Runs something that blocks away from the threads of Swift's tasks.
    private static func onThread<Value: Sendable>(
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
    /// Opens the metadata store in an SQLite file.
    /// - Throws: What ``SQLiteDriver/open(_:)`` and ``init(driver:clock:)`` throw.
    package static func open(_ settings: SQLiteSettings) async throws -> SQLMetadataStore {
        try await SQLMetadataStore(driver: try await SQLiteDriver.open(settings))
    }
}
