/// Copies all that one database remembers to another, and compares both.
///
/// Begun again after it was cut, it starts over; what it had copied is replaced.
package struct MetadataCopy: Sendable {
    private let source: SQLMetadataStore
    private let target: SQLMetadataStore
    private let withOpenUploads: Bool
    private static let batch = 500

    /// Moves from one store to another.
    ///
    /// - Parameters:
    ///   - source: Not changed; nobody else changes it meanwhile.
    ///   - target: Used by nobody else meanwhile.
    ///   - withOpenUploads: Whether uploads that are not completed go along.
    package init(from source: SQLMetadataStore, to target: SQLMetadataStore, withOpenUploads: Bool) {
        self.source = source
        self.target = target
        self.withOpenUploads = withOpenUploads
    }

    /// Whether the target holds nothing that somebody made.
    package func isTargetEmpty() async throws -> Bool {
        // A server that ran on it for a moment has left a key.
        for table in tables where table.name != "signing_keys" {
            guard try await target.read({ try table.rows($0, after: nil, limit: 1) }).isEmpty else { return false }
        }
        return true
    }

    /// Copies everything.
    ///
    /// - Parameter report: Told the name of each table and how many rows it has, once they are copied.
    /// - Throws: ``MoveMismatch`` when the target then is not equal to the source.
    package func run(report: (String, Int) -> Void) async throws {
        try await clear()
        for table in tables {
            let count = table.name == "files" ? try await copyFiles() : try await copy(table)
            report(table.name, count)
        }
        for table in tables { try await compare(table) }
    }

    private var tables: [TableCopySpec] {
        guard !withOpenUploads else { return TableCopySpec.all }
        return TableCopySpec.all.map { table in
            var table = table
            switch table.name {
            case "uploads": table.condition = "state = 'completed'"
            // A completed upload has no parts.
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
            let rows = try await source.read { try table.rows($0, after: after, limit: Self.batch) }
            guard let newest = rows.last else { return count }
            let adjusted = try rows.map { try adjust($0, of: table) }
            try await target.write { try $0.add(adjusted, to: table) }
            last = newest
            count += rows.count
        }
    }

    /// Folders are copied from the roots down, since each refers to the one that it is in.
    private func copyFiles() async throws -> Int {
        let folders = TableCopySpec(name: "files", key: ["id"], condition: "kind = 'folder'")
        let files = TableCopySpec(name: "files", key: ["id"], condition: "kind <> 'folder'")
        var inside: [String?: [SQLRow]] = [:]
        var last: SQLRow?
        while true {
            let after = last
            let rows = try await source.read { try folders.rows($0, after: after, limit: Self.batch) }
            guard let newest = rows.last else { break }
            for row in rows { inside[try row.optionalText("parent_id"), default: []].append(row) }
            last = newest
        }
        var count = 0
        var level = inside[nil] ?? []
        while !level.isEmpty {
            count += level.count
            for chunk in level.chunks(of: Self.batch) {
                let rows = Array(chunk)
                try await target.write { try $0.add(rows, to: folders) }
            }
            level = try level.flatMap { inside[try $0.text("id")] ?? [] }
        }
        return try await count + copy(files)
    }

    private func compare(_ table: TableCopySpec) async throws {
        var last: SQLRow?
        while true {
            let after = last
            let wanted = try await source.read { try table.rows($0, after: after, limit: Self.batch) }
            let found = try await target.read { try table.rows($0, after: after, limit: Self.batch) }
            guard wanted.count == found.count else { throw MoveMismatch(table: table.name) }
            for (wanted, found) in zip(wanted, found) {
                let wanted = try adjust(wanted, of: table)
                for column in wanted.columns where try wanted.value(column) != found.value(column) {
                    throw MoveMismatch(table: table.name)
                }
            }
            guard let newest = wanted.last else { return }
            last = newest
        }
    }

    /// Open uploads that stay behind are in no list any more.
    private func adjust(_ row: SQLRow, of table: TableCopySpec) throws -> SQLRow {
        guard table.name == "user_totals", !withOpenUploads else { return row }
        let values = try row.columns.map { $0 == "open_uploads" ? SQLValue.integer(0) : try row.value($0) }
        return SQLRow(columns: row.columns, values: values)
    }
}

/// What was copied is not what was read.
package struct MoveMismatch: Error, CustomStringConvertible {
    /// In which table.
    package let table: String

    package var description: String { "table \(table): the copy is not equal to the original" }
}
