package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func copyFile(_ id: String, as copy: FileCopy) async throws -> File? {
        let (defaults, recorder) = (defaultQuotas, recorder)
        do {
            return try await writeRetryingConflicts { connection in
                if copy.conflictPolicy == .number { try connection.lock(folder: copy.parent) }
                // The object is locked, so that a concurrent deletion of its last file sees the copy.
                try connection.enqueue(selectObjectOfFile, [id], lock: .forShare("objects"))
                guard let original = try connection.file(id), original.kind == .file else { return nil }
                let file = File(
                    id: copy.id,
                    name: try connection.name(of: copy, original: original.name),
                    kind: .file,
                    project: copy.project,
                    parent: copy.parent,
                    content: original.content,
                    createdOn: copy.createdOn,
                    tags: original.tags,
                    metadata: original.metadata
                )
                try connection.insert(file)
                guard let account = try connection.usageAccount(of: copy.project, defaults) else {
                    throw PontoonError.noSuchDestination
                }
                try connection.add(Usage(storedBytes: file.content?.size ?? 0, files: 1), to: account)
                try recorder.record([.file(.created, file, ["copied_from": .string(id)])], on: connection)
                return file
            }
        } catch let error as SQLError where error.kind == .uniqueViolation {
            // In every attempt, another call created an entry with the chosen name first.
            throw PontoonError.entryExists
        }
    }

    package func moveFile(_ id: String, to folder: String, name: String?, now: Date) async throws -> File? {
        let recorder = recorder
        return try await writeRetryingConflicts { connection in
            guard let row = try connection.query(selectMovable, [id]).first else { return nil }
            let project = try row.text("project_id")
            let isFolder = try row.fileKind("kind") == .folder
            // The project is locked, so that if two folders are concurrently moved into each other, the second move
            // sees the first.
            if isFolder { try connection.enqueue(selectProjectRow, [project], lock: .forUpdate("projects")) }
            guard try !connection.query(selectDestination, [folder, project], lock: .forShare("files")).isEmpty else {
                throw PontoonError.noSuchDestination
            }
            if isFolder, try !connection.query(selectAbove, [folder, id]).isEmpty {
                throw PontoonError(.folderCycle, "A folder cannot be moved into itself or one of its subfolders.")
            }
            // The file is locked, so that of two concurrent moves, the second knows which folder the file leaves.
            guard let place = try connection.query(selectParent, [id], lock: .forUpdate("files")).first else {
                return nil
            }
            let old = try place.text("parent_id")
            do {
                guard try connection.execute(updatePlace, [folder, name, now, id]) == 1 else { return nil }
            } catch let error as SQLError where error.kind == .uniqueViolation {
                throw PontoonError.entryExists
            }
            if old != folder { try connection.add(entries: [old: -1, folder: 1]) }
            guard let file = try connection.file(id) else { return nil }
            let details: [String: JSONValue?] = [
                "old_name": .string(try place.text("name")), "old_parent": .string(old),
            ]
            try recorder.record([.file(.moved, file, details)], on: connection)
            return file
        }
    }
}

extension SQLConnection {
    /// Chooses the name of a copy.
    /// - Throws: `.fileExists` and `.fileNameInvalid`, as in ``FileStore/copyFile(_:as:)``.
    fileprivate func name(of copy: FileCopy, original: String) throws -> String {
        let requested = copy.name ?? original
        let number = try FreeNumber.first { number in
            let candidate = try NumberedName.candidate(requested, attempt: number)
            guard try kind(named: candidate, in: copy.parent) != nil else { return false }
            guard copy.conflictPolicy == .number else { throw PontoonError.entryExists }
            return true
        }
        return try NumberedName.candidate(requested, attempt: number)
    }
}

private let selectObjectOfFile: SQLStatement = """
    SELECT objects.key AS key FROM files JOIN objects ON objects.key = files.object_key WHERE files.id = $1
    """
private let selectMovable: SQLStatement = """
    SELECT project_id, kind FROM files WHERE id = $1 AND parent_id IS NOT NULL
    """
private let selectParent: SQLStatement = """
    SELECT parent_id, name FROM files WHERE id = $1 AND parent_id IS NOT NULL
    """
private let selectProjectRow: SQLStatement = "SELECT id FROM projects WHERE id = $1"
private let selectDestination: SQLStatement = """
    SELECT id FROM files WHERE id = $1 AND project_id = $2 AND kind = 'folder'
    """
// Returns $2 if it is the folder $1 or an ancestor of it.
private let selectAbove: SQLStatement = """
    WITH RECURSIVE above (id, parent_id) AS (
        SELECT id, parent_id FROM files WHERE id = $1
        UNION ALL
        SELECT files.id, files.parent_id FROM above JOIN files ON files.id = above.parent_id
    )
    SELECT id FROM above WHERE id = $2
    """
private let updatePlace: SQLStatement = """
    UPDATE files SET parent_id = $1, name = COALESCE($2, name), modified_on = $3 WHERE id = $4 AND parent_id IS NOT NULL
    """
