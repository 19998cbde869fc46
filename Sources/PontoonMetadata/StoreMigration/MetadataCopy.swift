/// The use case that copies the tables of ``TableCopySpec/all`` from one database to another and verifies the copy.
///
/// After an interruption, the next run starts over and replaces the rows copied so far.
package struct MetadataCopy: Sendable {
    private let source: SQLMetadataStore
    private let target: SQLMetadataStore
    private let withOpenUploads: Bool
    private static let batchSize = 500

    /// - Parameters:
    ///   - source: The database to read; must not change during the copy.
    ///   - target: The database to write; must not be used by other processes during the copy.
    ///   - withOpenUploads: Whether to copy uploads that are not completed, including their parts and reservations.
    package init(from source: SQLMetadataStore, to target: SQLMetadataStore, withOpenUploads: Bool) {
        self.source = source
        self.target = target
        self.withOpenUploads = withOpenUploads
    }

    /// Returns whether the tables to copy are empty in the target, apart from signing keys.
    package func isTargetEmpty() async throws -> Bool {
        // A server creates a signing key when it is first started with a database.
        for table in tables where table.name != "signing_keys" {
            guard try await target.read({ try table.rows($0, after: nil, limit: 1) }).isEmpty else { return false }
        }
        return true
    }

    /// Deletes the rows of all tables to copy in the target, copies the rows of the source, and compares the tables.
    ///
    /// - Parameter report: Called after each table is copied, with its name and the number of copied rows.
    /// - Throws: ``CopyMismatch`` if the target differs from the source after the copy; the errors of the databases.
    package func run(report: (String, Int) -> Void) async throws {
        try await clear()
        for table in tables {
            let count = table.name == "files" ? try await copyFiles() : try await copy(table)
            report(table.name, count)
        }
        for table in tables { try await compare(table) }
        try await target.continueEventIDs()
    }

    private var tables: [TableCopySpec] {
        guard !withOpenUploads else { return TableCopySpec.all }
        return TableCopySpec.all.map { table in
            var table = table
            switch table.name {
            case "uploads": table.condition = "state = 'completed'"
            // Completed uploads have no parts.
            case "parts": table.condition = "1 = 0"
            default: break
            }
            return table
        }
    }

    private func clear() async throws {
        try await target.write { connection in
            for table in TableCopySpec.all.reversed() {
                try connection.execute(SQLStatement(constant: "DELETE FROM \(table.name)"))
            }
        }
    }

    private func copy(_ table: TableCopySpec) async throws -> Int {
        var last: SQLRow?
        var count = 0
        while true {
            let after = last
            let rows = try await source.read { try table.rows($0, after: after, limit: Self.batchSize) }
            guard let lastRow = rows.last else { return count }
            let adjusted = try rows.map { try adjust($0, of: table) }
            try await target.write { try $0.add(adjusted, to: table) }
            last = lastRow
            count += rows.count
        }
    }

    /// Copies folders level by level, starting with the root folders, and then files.
    ///
    /// Each row references its parent, which must therefore be copied first. All folders are read into memory.
    ///
    /// - Returns: The number of copied rows.
    private func copyFiles() async throws -> Int {
        let folders = TableCopySpec(name: "files", key: ["id"], condition: "kind = 'folder'")
        let files = TableCopySpec(name: "files", key: ["id"], condition: "kind <> 'folder'")
        var children: [String?: [SQLRow]] = [:]
        var last: SQLRow?
        while true {
            let after = last
            let rows = try await source.read { try folders.rows($0, after: after, limit: Self.batchSize) }
            guard let lastRow = rows.last else { break }
            for row in rows { children[try row.optionalText("parent_id"), default: []].append(row) }
            last = lastRow
        }
        var count = 0
        var level = children[nil] ?? []
        while !level.isEmpty {
            count += level.count
            for chunk in level.chunks(of: Self.batchSize) {
                let rows = Array(chunk)
                try await target.write { try $0.add(rows, to: folders) }
            }
            level = try level.flatMap { children[try $0.text("id")] ?? [] }
        }
        return try await count + copy(files)
    }

    private func compare(_ table: TableCopySpec) async throws {
        var last: SQLRow?
        while true {
            let after = last
            let expected = try await source.read { try table.rows($0, after: after, limit: Self.batchSize) }
            let copied = try await target.read { try table.rows($0, after: after, limit: Self.batchSize) }
            guard expected.count == copied.count else { throw CopyMismatch(table: table.name) }
            for (expected, copied) in zip(expected, copied) {
                let expected = try adjust(expected, of: table)
                for column in expected.columns where try expected.value(column) != copied.value(column) {
                    throw CopyMismatch(table: table.name)
                }
            }
            guard let lastRow = expected.last else { return }
            last = lastRow
        }
    }

    /// Returns the row that the target must contain for a row of the source.
    ///
    /// Sets the position of an event to its id, which is its position in SQLite. If open uploads are not copied, sets
    /// the counters of open uploads and of reserved bytes to 0.
    private func adjust(_ row: SQLRow, of table: TableCopySpec) throws -> SQLRow {
        if table.name == "events" {
            let values = try row.columns.map { try row.value($0 == "position" ? "id" : $0) }
            return SQLRow(columns: row.columns, values: values)
        }
        guard ["user_totals", "project_usage", "user_usage"].contains(table.name), !withOpenUploads else { return row }
        let values = try row.columns.map { column in
            ["open_uploads", "reserved_bytes"].contains(column) ? SQLValue.integer(0) : try row.value(column)
        }
        return SQLRow(columns: row.columns, values: values)
    }
}

/// The error for a table that differs between source and target after the copy.
package struct CopyMismatch: Error, CustomStringConvertible {
    package let table: String

    package var description: String {
        "the copy of table '\(table)' differs from the original; run the migration again"
    }
}
