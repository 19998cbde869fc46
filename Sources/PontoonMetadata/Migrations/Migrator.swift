import Foundation
import PontoonCore

/// Functions that run the migrations of a database and check that they have been run.
enum Migrator {
    /// Runs the missing migrations, each in its own transaction.
    ///
    /// If several processes start at the same time, each migration is run by the first process that records it. The
    /// others wait and skip it.
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

    /// Checks that the tables have the schema of this version, without changing anything.
    ///
    /// - Throws: ``UnknownMigrations`` if the tables were changed by a newer version of the program;
    ///   ``MissingMigrations`` if migrations are missing, because no server of this version has used the database; the
    ///   errors of the database.
    static func requireCurrent(_ driver: some SQLDriver, _ migrations: [Migration] = Migration.all) async throws {
        let applied: Set<String>
        do {
            applied = try await driver.read { try $0.migrationNames() }
        } catch let error as SQLError where error.kind == .other {
            // Most likely, the table of migrations does not exist, and neither do the other tables.
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

/// The error for a database that is opened without running migrations, but lacks some.
package struct MissingMigrations: Error, CustomStringConvertible {
    /// The database's error message, or a description of what is missing.
    let reason: String

    package var description: String {
        """
        the database is empty or was created by an older version of Pontoon (\(reason)); start this version of \
        the server once
        """
    }
}

/// The error for a database that was migrated by a newer version of the program.
///
/// This version must not use the database.
package struct UnknownMigrations: Error, CustomStringConvertible {
    /// Name of the newest migration of the database.
    let newest: String
    /// Name of the newest migration in this version of the program.
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
