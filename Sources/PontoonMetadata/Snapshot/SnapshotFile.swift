import GRDB
import PontoonCore

/// An SQLite file that receives a copy of the records in the tables of ``TableCopySpec/all``.
struct SnapshotFile {
    private let path: String
    /// Number of rows per query.
    ///
    /// By default, the PostgreSQL driver lets the database terminate a transaction that sends no statement for 5
    /// seconds, so a batch must be written in less time.
    private static let batchSize = 250

    init(_ path: String) { self.path = path }

    /// Replaces all rows of the copied tables with the rows of another database, in one transaction.
    ///
    /// May be called again after an interruption.
    ///
    /// - Parameter source: A connection whose statements all read the same snapshot.
    /// - Throws: ``SQLError``.
    func fill(from source: any SQLConnection) throws {
        var configuration = Configuration()
        // Rows are copied in the order of their primary keys, so a folder may precede its parent. `finish()` checks the
        // references.
        configuration.foreignKeysEnabled = false
        do {
            let target = try DatabaseQueue(path: path, configuration: configuration)
            try target.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
            try target.write { database in
                let target = SQLiteConnection(database: database)
                for table in TableCopySpec.all.reversed() {
                    try target.execute(SQLStatement(constant: "DELETE FROM \(table.name)"))
                }
                for table in TableCopySpec.all { try Self.copy(table, from: source, to: target) }
            }
            try target.close()
        } catch let error as DatabaseError {
            throw SQLError(error)
        }
    }

    private static func copy(
        _ table: TableCopySpec,
        from source: any SQLConnection,
        to target: any SQLConnection
    ) throws {
        var last: SQLRow?
        while true {
            let rows = try table.rows(source, after: last, limit: batchSize)
            guard let newest = rows.last else { return }
            try target.add(rows, to: table)
            last = newest
        }
    }

    /// Checks all references and turns WAL mode off, so that the file can be opened in a read-only directory.
    ///
    /// - Throws: ``SQLError``; ``BrokenReferences`` if a row refers to a row that does not exist.
    func finish() throws {
        do {
            let database = try DatabaseQueue(path: path)
            try database.writeWithoutTransaction { database in
                guard try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") == nil else {
                    throw BrokenReferences()
                }
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
            }
            try database.close()
        } catch let error as DatabaseError {
            throw SQLError(error)
        }
    }
}

/// The error for a database in which a row refers to a row that does not exist.
package struct BrokenReferences: Error, CustomStringConvertible {
    package var description: String {
        "the database is damaged: rows refer to rows that do not exist; run 'pontoond check'"
    }
}
