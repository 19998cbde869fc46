package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func updateFile(_ id: String, _ change: FileChange, now: Date) async throws -> File? {
        let recorder = recorder
        return try await write { connection in
            do {
                // The first statement locks the row, so that concurrent changes to a file are applied one after
                // another.
                let rows = try connection.query(updateDetails, [change.name, now, id])
                guard let row = rows.first else { return nil }
                try connection.change(labels: change, of: id, in: try row.text("project_id"))
                guard let file = try connection.file(id) else { return nil }
                try recorder.record([.file(.changed, file, ["changes": change.names])], on: connection)
                return file
            } catch let error as SQLError where error.kind == .uniqueViolation {
                throw PontoonError.entryExists
            }
        }
    }
}

extension FileChange {
    /// The names of the changed properties.
    fileprivate var names: JSONValue {
        let names = [
            name == nil ? nil : "name", metadata == nil ? nil : "metadata", tags == nil ? nil : "tags",
        ]
        return .array(names.compactMap { $0.map { .string($0) } })
    }
}

extension SQLConnection {
    /// Changes the metadata and tags of a file in the given project.
    fileprivate func change(labels change: FileChange, of fileID: String, in project: String) throws {
        if let metadata = change.metadata {
            try self.change(metadata: metadata, replacing: change.replacesMetadata, of: fileID, in: project)
        }
        if let tags = change.tags {
            try execute("DELETE FROM file_tags WHERE file_id = $1", [fileID])
            try insert(tags: tags, of: fileID, in: project)
        }
    }

    /// Adds tags to a file that has none.
    ///
    /// The project is stored with each tag, so that a search reads only tags of files that the caller may see.
    func insert(tags: [String], of fileID: String, in project: String) throws {
        let rows = tags.enumerated().map { [fileID, $0.offset, $0.element, project] as [any SQLConvertible] }
        try insert(into: "file_tags (file_id, position, tag, project_id)", rows: rows)
    }

    /// Sets metadata of a file, replacing the values of existing keys.
    func insert(metadata: [String: String], of fileID: String, in project: String) throws {
        try insert(
            into: "file_metadata (file_id, key, value, project_id)",
            rows: metadata.map { [fileID, $0.key, $0.value, project] },
            conflict: "ON CONFLICT (file_id, key) DO UPDATE SET value = excluded.value"
        )
    }

    /// Changes the metadata of a file.
    ///
    /// A `nil` value removes its key. If `replacing` is `true`, removes all other pairs.
    ///
    /// - Throws: `.metadataInvalid` if the file would have more than ``MetadataRules/maximumPairs`` pairs.
    private func change(
        metadata: [String: String?],
        replacing: Bool,
        of id: String,
        in project: String
    ) throws {
        if replacing { try execute("DELETE FROM file_metadata WHERE file_id = $1", [id]) }
        let removed = metadata.filter { $0.value == nil }.keys.sorted()
        for chunk in removed.chunks(of: 500) where !replacing {
            var delete = SQLBuilder("DELETE FROM file_metadata WHERE file_id = ")
            delete.append(value: id)
            delete.append(" AND key IN ")
            delete.append(list: chunk)
            try execute(delete)
        }
        try insert(metadata: metadata.compactMapValues { $0 }, of: id, in: project)
        let pairs = try query(countMetadata, [id]).first?.count("total") ?? 0
        guard pairs <= MetadataRules.maximumPairs else {
            throw PontoonError(
                .metadataInvalid,
                "A file can have at most \(MetadataRules.maximumPairs) metadata pairs."
            )
        }
    }

    /// Returns a file or folder; `nil` if it does not exist.
    func file(_ id: String) throws -> File? { try files(try query(selectFile, [id])).first }

    /// Creates files from rows with ``fileColumns``.
    ///
    /// Also reads the files' tags and metadata.
    func files(_ rows: [SQLRow]) throws -> [File] {
        guard !rows.isEmpty else { return [] }
        let ids = try rows.map { try $0.text("id") }
        var selectTags = SQLBuilder("SELECT file_id, tag FROM file_tags WHERE file_id IN ")
        selectTags.append(list: ids)
        selectTags.append(" ORDER BY file_id, position")
        let tags: [String: [String]] = try query(selectTags).reduce(into: [:]) { tags, row in
            tags[try row.text("file_id"), default: []].append(try row.text("tag"))
        }
        var selectMetadata = SQLBuilder("SELECT file_id, key, value FROM file_metadata WHERE file_id IN ")
        selectMetadata.append(list: ids)
        let metadata: [String: [String: String]] = try query(selectMetadata).reduce(into: [:]) { metadata, row in
            metadata[try row.text("file_id"), default: [:]][try row.text("key")] = try row.text("value")
        }
        return try rows.map { row in
            let id = try row.text("id")
            return try row.file(tags: tags[id] ?? [], metadata: metadata[id] ?? [:])
        }
    }
}

extension SQLRow {
    fileprivate func file(tags: [String], metadata: [String: String]) throws -> File {
        File(
            id: try text("id"),
            name: try text("name"),
            kind: try fileKind("kind"),
            project: try projectID("project_id"),
            parent: try optionalText("parent_id"),
            content: try fileContent(),
            createdOn: try date("created_on"),
            modifiedOn: try date("modified_on"),
            tags: tags,
            metadata: metadata
        )
    }

    private func fileContent() throws -> FileContent? {
        guard try optionalText("object_key") != nil else { return nil }
        return try fileContent(key: "object_key")
    }

    /// Returns a length in bytes.
    ///
    /// - Throws: ``SQLRowError`` if it is not between 0 and 5 TiB. This ensures that the sum of the lengths of an
    ///   upload's parts cannot overflow.
    func length(_ column: String) throws -> Int64 {
        try decode(column, try integer(column)) { (0...PartSizing.maximumFileSize).contains($0) ? $0 : nil }
    }

    /// Returns the kind of a file.
    ///
    /// - Throws: ``SQLRowError`` for an unknown kind.
    func fileKind(_ column: String) throws -> File.Kind {
        try decode(column, try text(column)) { File.Kind(rawValue: $0) }
    }

    /// Returns an object key.
    ///
    /// - Throws: ``SQLRowError`` if the text is not an object key.
    func objectKey(_ column: String) throws -> ObjectKey {
        try decode(column, try text(column)) { ObjectKey($0) }
    }

    /// Returns a checksum, or `nil` for `NULL`.
    ///
    /// - Throws: ``SQLRowError`` if the text is not 16 hex digits.
    func checksum(_ column: String) throws -> CRC64NVME? {
        guard let hex = try optionalText(column) else { return nil }
        return try decode(column, hex) { CRC64NVME(hex: $0) }
    }
}

/// The columns that ``SQLConnection/files(_:)`` needs, to be selected from ``fileTables``.
let fileColumns = """
    files.id AS id, files.name AS name, files.kind AS kind, files.project_id AS project_id,
    files.parent_id AS parent_id, files.object_key AS object_key, files.created_on AS created_on,
    files.modified_on AS modified_on, \(contentColumns)
    """
/// Files joined with their objects.
let fileTables = "files LEFT JOIN objects ON objects.key = files.object_key"

private let selectFile = SQLStatement(constant: "SELECT \(fileColumns) FROM \(fileTables) WHERE files.id = $1")
private let updateDetails: SQLStatement = """
    UPDATE files SET name = COALESCE($1, name), modified_on = $2 WHERE id = $3 RETURNING project_id
    """
private let countMetadata: SQLStatement = "SELECT COUNT(*) AS total FROM file_metadata WHERE file_id = $1"
