package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func copyFile(_ id: String, as copy: FileCopy) async throws -> File? {
        let (defaults, recorder) = (defaultQuotas, recorder)
        do {
            return try await writeRetryingConflicts { connection in
                var events: [NewEvent] = []
                let file = try connection.copy(id, as: copy, defaults, &events)
                try recorder.record(events, on: connection)
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
            // The project is locked, so that if two folders are moved into each other concurrently, the second move
            // sees the first and is refused.
            if isFolder { try connection.enqueue(selectProjectRow, [project], lock: .forUpdate("projects")) }
            guard try !connection.query(selectDestination, [folder, project], lock: .forShare("files")).isEmpty else {
                throw PontoonError.noSuchDestination
            }
            if isFolder, try connection.isFolder(folder, inside: id) {
                throw PontoonError(.folderCycle, "A folder cannot be moved into itself or one of its subfolders.")
            }
            // The file is locked, so that the second of two concurrent moves sees the folder to which the first moved
            // the file.
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
    /// Adds a copy of a file, and appends the event of the copy; see ``FileStore/copyFile(_:as:)``.
    ///
    /// - Throws: The errors of ``FileStore/copyFile(_:as:)``; ``EntryLeft`` if `parent` is given and does not contain
    ///   the file.
    func copy(
        _ id: String,
        from parent: String? = nil,
        as copy: FileCopy,
        _ defaults: DefaultQuotas,
        _ events: inout [NewEvent]
    ) throws -> File? {
        if copy.conflictPolicy == .number { try lock(folder: copy.parent) }
        // The object is locked, so that a concurrent deletion of the only file that uses it sees the copy.
        try enqueue(selectObjectOfFile, [id], lock: .forShare("objects"))
        let found = try file(id)
        if let parent, found?.parent != parent { throw EntryLeft() }
        guard let original = found, original.kind == .file else { return nil }
        let file = File(
            id: copy.id,
            name: try name(of: copy, original: original.name),
            kind: .file,
            project: copy.project,
            parent: copy.parent,
            content: original.content,
            createdOn: copy.createdOn,
            tags: original.tags,
            metadata: original.metadata
        )
        try insert(file)
        guard let account = try usageAccount(of: copy.project, defaults) else { throw PontoonError.noSuchDestination }
        try add(Usage(storedBytes: file.content?.size ?? 0, files: 1), to: account)
        events.append(.file(.created, file, ["copied_from": .string(id)]))
        return file
    }

    /// Moves a file to a folder of any project, and appends the events of the move.
    ///
    /// - Returns: The file after the move; `nil` if it does not exist or is a folder.
    /// - Throws: `.destinationNotFound` if the folder does not exist or is not in the given project; `.quotaExceeded`;
    ///   `.fileNameInvalid` if the number added to a taken name makes it too long; ``EntryLeft`` if `parent` is given
    ///   and does not contain the file.
    func move(
        _ id: String,
        from parent: String? = nil,
        to move: FileMove,
        _ defaults: DefaultQuotas,
        _ events: inout [NewEvent]
    ) throws -> File? {
        try lock(folder: move.parent)
        // The file is locked, so that the second of two concurrent moves sees the folder to which the first moved the
        // file.
        let found = try query(selectMovedFile, [id], lock: .forUpdate("files")).first
        if let parent, try found?.optionalText("parent_id") != parent { throw EntryLeft() }
        guard let row = found else { return nil }
        let destination = try query(selectDestination, [move.parent, move.project], lock: .forShare("files"))
        guard !destination.isEmpty else { throw PontoonError.noSuchDestination }
        let (old, project) = (try row.text("parent_id"), try row.projectID("project_id"))
        let requested = try move.name ?? row.text("name")
        let number = try FreeNumber.first { number in
            let candidate = try NumberedName.candidate(requested, attempt: number)
            let taken = try query(selectIDByName, [move.parent, candidate])
            return try taken.first.map { try $0.text("id") != id } ?? false
        }
        let name = try NumberedName.candidate(requested, attempt: number)
        try execute(updateFilePlace, [move.parent, move.project, name, move.movedOn, id])
        if old != move.parent { try add(entries: [old: -1, move.parent: 1]) }
        if project != move.project {
            for statement in updateLabelProjects { try execute(statement, [move.project, id]) }
            guard let from = try usageAccount(of: project, defaults),
                let to = try usageAccount(of: move.project, defaults)
            else { throw PontoonError.noSuchDestination }
            try transfer(try row.fileUsage(), from: from, to: to)
            // Does not name the new project, because members of the old project may have no access to it.
            let (name, isMoved) = (try row.text("name"), JSONValue.bool(true))
            events.append(.file(.deleted, .file, id: id, name: name, in: old, of: project, ["moved": isMoved]))
        }
        guard let file = try file(id) else { return nil }
        // Likewise, does not name the old project to members of the new one.
        var details: [String: JSONValue?] = [:]
        if project == move.project {
            details = ["old_name": .string(try row.text("name")), "old_parent": .string(old)]
        }
        events.append(.file(.moved, file, details))
        return file
    }

    /// Returns the name of a copy, with a number if the name is taken and the conflict policy allows it.
    ///
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
private let selectMovedFile: SQLStatement = """
    SELECT files.parent_id AS parent_id, files.project_id AS project_id, files.name AS name, files.kind AS kind,
        (SELECT size FROM objects WHERE objects.key = files.object_key) AS size
    FROM files WHERE files.id = $1 AND files.kind = 'file'
    """
private let selectIDByName: SQLStatement = "SELECT id FROM files WHERE parent_id = $1 AND name = $2"
private let updateFilePlace: SQLStatement = """
    UPDATE files SET parent_id = $1, project_id = $2, name = $3, modified_on = $4 WHERE id = $5
    """
// The project is stored with each tag and metadata pair.
private let updateLabelProjects: [SQLStatement] = [
    "UPDATE file_tags SET project_id = $1 WHERE file_id = $2",
    "UPDATE file_metadata SET project_id = $1 WHERE file_id = $2",
]
private let updatePlace: SQLStatement = """
    UPDATE files SET parent_id = $1, name = COALESCE($2, name), modified_on = $3 WHERE id = $4 AND parent_id IS NOT NULL
    """
