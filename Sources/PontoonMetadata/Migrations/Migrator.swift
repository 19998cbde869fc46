import Foundation
import PontoonCore

/// Functions that run migrations, to bring the tables of a database up to date.
enum Migrator {
    /// Runs the missing migrations, each in its own transaction.
    ///
    /// If several processes start at the same time, they take turns: the first process that records a migration runs
    /// it, and the others skip it.
    ///
    /// - Throws: ``UnknownMigrations`` if the tables were changed by a newer version of the program; the errors of the
    ///   database.
    static func migrate(_ driver: some SQLDriver, _ migrations: [Migration] = Migration.all) async throws {
        let applied = try await appliedNames(driver)
        let unknown = applied.subtracting(migrations.map(\.name))
        guard unknown.isEmpty else { throw UnknownMigrations(unknown, known: migrations) }
        for migration in migrations where !applied.contains(migration.name) {
            let dialect = driver.dialect
            try await driver.write { connection in
                for statement in dialect.beforeMigration { try connection.execute(statement) }
                guard try connection.execute(record, [migration.name, Date()]) == 1 else { return }
                for statement in migration.statements(dialect) { try connection.execute(dialect.definition(statement)) }
            }
        }
    }

    /// Checks that the tables are those of this version, without changing anything.
    ///
    /// - Throws: ``UnknownMigrations`` if the tables were changed by a newer version of the program;
    ///   ``MissingMigrations`` if the tables lack migrations, because no server of this version has used the database;
    ///   the errors of the database.
    static func requireCurrent(_ driver: some SQLDriver, _ migrations: [Migration] = Migration.all) async throws {
        let applied: Set<String>
        do {
            applied = try await driver.read { try $0.migrationNames() }
        } catch let error as SQLError where error.kind == .other {
            // Most likely, the table of migrations does not exist, so the other tables do not exist either.
            throw MissingMigrations(reason: error.description)
        }
        let names = Set(migrations.map(\.name))
        let unknown = applied.subtracting(names)
        guard unknown.isEmpty else { throw UnknownMigrations(unknown, known: migrations) }
        guard applied == names else { throw MissingMigrations(reason: "some migrations are missing") }
    }

    private static func appliedNames(_ driver: some SQLDriver) async throws -> Set<String> {
        let dialect = driver.dialect
        try await driver.write { connection in
            for statement in dialect.beforeMigration { try connection.execute(statement) }
            try connection.execute(dialect.definition(create))
        }
        return try await driver.read { try $0.migrationNames() }
    }

    private static let create: SQLStatement = """
        CREATE TABLE IF NOT EXISTS schema_migrations (
            name TEXT NOT NULL PRIMARY KEY,
            applied_on BIGINT NOT NULL
        )
        """
    private static let record: SQLStatement = """
        INSERT INTO schema_migrations (name, applied_on) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
        """
}

extension SQLConnection {
    fileprivate func migrationNames() throws -> Set<String> {
        Set(try query("SELECT name FROM schema_migrations").map { try $0.text("name") })
    }
}

/// The error for a database that lacks migrations of this version and is opened without running them.
package struct MissingMigrations: Error, CustomStringConvertible {
    /// The message of the database, or what is missing.
    let reason: String

    package var description: String {
        """
        the database is empty or was created by an older version of Pontoon (\(reason)); start the server of this \
        version once
        """
    }
}

/// The error for a database that was migrated by a newer version of the program, so that this version must not use it.
package struct UnknownMigrations: Error, CustomStringConvertible {
    /// Name of the newest migration of the database.
    let newest: String
    /// Name of the newest migration that this version knows.
    let newestKnown: String

    init(_ unknown: Set<String>, known migrations: [Migration]) {
        newest = unknown.max() ?? ""
        newestKnown = migrations.last?.name ?? ""
    }

    package var description: String {
        """
        the database was migrated by a newer version of Pontoon: its tables have version \(newest), but Pontoon \
        \(Build.version) supports only \(newestKnown); run the newer version, or restore a backup made with this one
        """
    }
}
