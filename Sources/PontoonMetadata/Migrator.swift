import Foundation

/// Brings the tables of a database to the newest shape.
enum Migrator {
    /// Runs the steps that are missing, each in its own transaction.
    ///
    /// Safe when several processes start at once: one after another holds the database, and whoever records a step first
    /// runs it.
    ///
    /// - Throws: ``UnknownMigrations`` when a newer version of the program has changed the tables.
    static func migrate(_ driver: some SQLDriver, _ migrations: [Migration] = Migration.all) async throws {
        let applied = try await appliedNames(driver)
        let unknown = applied.subtracting(migrations.map(\.name))
        guard unknown.isEmpty else { throw UnknownMigrations(names: unknown.sorted()) }
        for migration in migrations where !applied.contains(migration.name) {
            let dialect = driver.dialect
            try await driver.write { connection in
                for statement in dialect.beforeMigration { try connection.execute(statement) }
                guard try connection.execute(record, [migration.name, Date()]) == 1 else { return }
                for statement in migration.statements { try connection.execute(dialect.definition(statement)) }
            }
        }
    }

    private static func appliedNames(_ driver: some SQLDriver) async throws -> Set<String> {
        let dialect = driver.dialect
        try await driver.write { connection in
            for statement in dialect.beforeMigration { try connection.execute(statement) }
            try connection.execute(dialect.definition(create))
        }
        return try await driver.read { connection in
            Set(try connection.query("SELECT name FROM schema_migrations").map { try $0.text("name") })
        }
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

/// The database was written by a newer version of the program, which this one could only damage.
package struct UnknownMigrations: Error, CustomStringConvertible {
    /// The steps that this version does not know.
    package let names: [String]

    package var description: String {
        "the database was changed by a newer version of Pontoon (\(names.joined(separator: ", ")))"
    }
}
