import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func file(_ id: String, reading consistency: ReadConsistency) async throws -> File? {
        try await cache.files.row(id, reading: consistency) { try await read { try $0.file(id) } }
    }

    package func file(named name: String, in folder: String) async throws -> File? {
        try await read { try $0.file(named: name, in: folder) }
    }

    package func addFolder(_ folder: File) async throws {
        let recorder = recorder
        try await writeRetryingConflicts { connection in
            try connection.refuse(taken: folder.name, in: folder.parent, asFile: .fileExists)
            try connection.refuse(folderTooDeepIn: folder.parent)
            try connection.insert(folder)
            try recorder.record([.file(.created, folder)], on: connection)
        }
    }

    package func deleteFile(_ id: String) async throws -> Bool {
        let (now, recorder) = (now, recorder)
        return try await writeRetryingConflicts { connection in
            var events: [NewEvent] = []
            let isDeleted = try connection.delete(entry: id, now: now, &events)
            try recorder.record(events, on: connection)
            return isDeleted
        }
    }

    package func discardedObjects(limit: Int) async throws -> [ObjectReference] {
        try await read { connection in
            try connection.query(selectDiscarded, [limit]).map { row in
                ObjectReference(
                    key: try row.objectKey("key"),
                    handle: try row.optionalText("handle").map(UploadHandle.init(rawValue:))
                )
            }
        }
    }

    package func forgetDiscarded(_ keys: [ObjectKey]) async throws {
        guard !keys.isEmpty else { return }
        try await write { connection in
            for chunk in keys.chunks(of: 500) {
                var delete = SQLBuilder("DELETE FROM discarded_objects WHERE key IN ")
                delete.append(list: chunk)
                try connection.execute(delete)
            }
        }
    }
}

extension SQLConnection {
    /// Checks that a folder contains no entry with the given name.
    ///
    /// - Throws: `.folderExists` if a folder has the name; an error with `code` if a file has the name.
    func refuse(taken name: String, in folder: String?, asFile code: PontoonError.Code) throws {
        switch try kind(named: name, in: folder) {
        case .folder: throw PontoonError.folderInTheWay
        case .file: throw PontoonError(code, "A file with this name already exists.")
        case nil: return
        }
    }

    /// Returns the file or folder with the given name in a folder; `nil` if the name is free.
    func file(named name: String, in folder: String) throws -> File? {
        try files(try query(selectFileByName, [folder, name])).first
    }

    /// Returns the kind of the entry with the given name in a folder; `nil` if the name is free.
    func kind(named name: String, in folder: String?) throws -> File.Kind? {
        try query(selectKindByName, [folder, name]).first?.fileKind("kind")
    }

    /// Inserts a file or folder with its tags and metadata.
    ///
    /// The object of a file must already be inserted.
    ///
    /// - Parameters:
    ///   - file: The file or folder.
    ///   - isCounted: Whether to increment the entry count of the parent folder. A transaction that adds several files
    ///     must pass `false` and change the counts last: another transaction that waits for one of the names may have
    ///     locked the same count.
    /// - Throws: `.destinationNotFound` if the parent is not a folder of the project; ``SQLError``, which is a unique
    ///   violation if the name is taken.
    func insert(_ file: File, isCounted: Bool = true) throws {
        let values: [(any SQLConvertible)?] = [
            file.id, file.name, file.kind.rawValue, file.content?.key, file.createdOn, file.modifiedOn, file.parent,
            file.project,
        ]
        guard try execute(insertFile, values) == 1 else {
            throw PontoonError.noSuchDestination
        }
        try insert(tags: file.tags, of: file.id, in: file.project.description)
        try insert(metadata: file.metadata, of: file.id, in: file.project.description)
        if isCounted, let folder = file.parent { try add(entries: [folder: 1]) }
    }

    /// Deletes a file or an empty folder, and appends the deletion to `events`; see ``FileStore/deleteFile(_:)``.
    ///
    /// - Returns: `false` if the entry does not exist or is a root folder.
    /// - Throws: `.folderNotEmpty`; ``EntryLeft`` if `parent` is given and does not contain the entry.
    func delete(entry id: String, from parent: String? = nil, now: Date, _ events: inout [NewEvent]) throws -> Bool {
        // The query excludes root folders, which are deleted with their project.
        let found = try query(selectDeletable, [id], lock: .forUpdate("files")).first
        if let parent, try found?.optionalText("parent_id") != parent { throw EntryLeft() }
        guard let row = found else { return false }
        guard try query("SELECT id FROM files WHERE parent_id = $1 LIMIT 1", [id]).isEmpty else {
            throw PontoonError(.folderNotEmpty, "The folder is not empty; delete its contents first.")
        }
        try deleteFile(id, objectKey: try row.optionalText("object_key"), now: now)
        let project = try row.projectID("project_id")
        let account = UsageAccount(project: project, owner: try row.text("charged_owner"))
        try release([(account, try row.fileUsage())])
        events.append(
            .file(
                .deleted,
                try row.fileKind("kind"),
                id: id,
                name: try row.text("name"),
                in: try row.text("parent_id"),
                of: project
            )
        )
        return true
    }

    /// Deletes the row of a file or folder, and discards the file's object if no other file refers to the object.
    ///
    /// `objectKey` is `nil` for a folder. Updates the entry count of the parent folder, but not the usage counters.
    func deleteFile(_ id: String, objectKey: String?, now: Date) throws {
        guard let objectKey else { return try deleteRow(ofFile: id) }
        // The object is locked, so that if the last two files that refer to it are deleted concurrently, the second
        // deletion discards the object.
        try enqueue("SELECT key FROM objects WHERE key = $1", [objectKey], lock: .forUpdate("objects"))
        try deleteRow(ofFile: id)
        guard try execute(deleteUnusedObject, [objectKey]) == 1 else { return }
        try discard(objectKey, nil, now: now)
    }

    private func deleteRow(ofFile id: String) throws {
        for row in try query("DELETE FROM files WHERE id = $1 RETURNING parent_id", [id]) {
            if let folder = try row.optionalText("parent_id") { try add(entries: [folder: -1]) }
        }
    }

    /// Records an object for removal from the object store, with the handle of its upload if the upload is unfinished.
    ///
    /// Does nothing if the object is already recorded for removal.
    func discard(_ objectKey: String, _ handle: String?, now: Date) throws {
        try enqueue(insertDiscarded, [objectKey, handle, now])
    }
}

private let insertFile: SQLStatement = """
    INSERT INTO files (id, project_id, parent_id, name, kind, object_key, created_on, modified_on)
    SELECT $1, project_id, id, $2, $3, $4, $5, $6 FROM files WHERE id = $7 AND project_id = $8 AND kind = 'folder'
    """
private let selectFileByName = SQLStatement(
    constant: "SELECT \(fileColumns) FROM \(fileTables) WHERE files.parent_id = $1 AND files.name = $2"
)
private let selectKindByName: SQLStatement = "SELECT kind FROM files WHERE parent_id = $1 AND name = $2"
private let selectDeletable: SQLStatement = """
    SELECT files.object_key AS object_key, files.kind AS kind, files.project_id AS project_id,
        files.name AS name, files.parent_id AS parent_id, objects.size AS size, (SELECT owner FROM projects WHERE projects.id = files.project_id) AS charged_owner
    FROM files LEFT JOIN objects ON objects.key = files.object_key WHERE files.id = $1 AND files.parent_id IS NOT NULL
    """
private let deleteUnusedObject: SQLStatement = """
    DELETE FROM objects WHERE key = $1 AND NOT EXISTS (SELECT 1 FROM files WHERE object_key = $1)
    """
private let insertDiscarded: SQLStatement = """
    INSERT INTO discarded_objects (key, handle, discarded_on) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING
    """
private let selectDiscarded: SQLStatement = """
    SELECT key, handle FROM discarded_objects ORDER BY discarded_on, key LIMIT $1
    """
