package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func perform(
        _ step: FileJobStep,
        ofFileJob id: String,
        _ lease: Lease,
        now: Date
    ) async throws -> FileJobStepResult {
        let (defaults, time, recorder) = (defaultQuotas, self.now, recorder)
        let changing: ReadCache.Change = step.action == nil ? .none : .files
        do {
            return try await writeRetryingConflicts(changing: changing) { connection in
                guard let kind = try connection.advance(id, to: step.progress, lease, now: now) else { return .lost }
                let parent = try connection.parent(for: step, of: id)
                // The rows of the job are changed first, because the counters of usage must be changed last.
                try connection.record(step, of: id)
                var events: [NewEvent] = []
                let file = try connection.perform(step, of: id, kind, from: parent, defaults, now: time, &events)
                try recorder.record(events, on: connection)
                return .done(file)
            }
        } catch let error as SQLError where error.kind == .uniqueViolation {
            // In every attempt, another call created an entry with the chosen name first.
            throw PontoonError.entryExists
        } catch is EntryLeft {
            return .entryLeft
        } catch let error as FolderLeft {
            return .folderLeft(error.depth)
        }
    }
}

/// The error for an entry that is no longer in the folder in which a job found it.
struct EntryLeft: Error {}

/// The error for a folder that was deleted, or moved out of the folder from which a job entered it.
private struct FolderLeft: Error {
    let depth: Int
}

extension FileJobStep {
    /// The depth of the current folder before the step; 0 if the job is not in a folder.
    fileprivate var depth: Int { progress.depth - (entered == nil ? 0 : 1) + (leaves ? 1 : 0) }
}

extension SQLConnection {
    /// Stores the progress of a job, and extends its lease.
    ///
    /// - Returns: The kind of the job; `nil` if the job is finished or not leased under this id.
    fileprivate func advance(
        _ id: String,
        to progress: FileJobProgress,
        _ lease: Lease,
        now: Date
    ) throws -> FileJob.Kind? {
        let values: [(any SQLConvertible)?] = [
            progress.state.rawValue, progress.item, progress.depth, progress.totalFiles, progress.completedFiles,
            progress.failedFiles, progress.entries, lease.expiresOn, progress.state == .finished ? now : nil, id,
            lease.id,
        ]
        guard let row = try query(updateProgress, values).first else { return nil }
        return try row.decode("kind", try row.text("kind")) { FileJob.Kind(rawValue: $0) }
    }

    /// Returns the folder that must contain the entry to which a step applies; `nil` if any folder may contain it.
    ///
    /// - Throws: ``FolderLeft`` for the outermost visited folder that is no longer in its parent.
    fileprivate func parent(for step: FileJobStep, of id: String) throws -> String? {
        guard step.abandoned == nil else { return nil }
        guard step.depth > 0 else { return step.parent }
        var (above, parent) = (String?.none, String?.none)
        for row in try query(selectJobFolders, [id]) {
            parent = try row.optionalText("parent_id")
            if let above, parent != above { throw FolderLeft(depth: try row.count("depth")) }
            above = try row.text("source_id")
        }
        return step.leaves ? parent : above
    }

    /// Stores which entry of the current folder was visited, or deletes the rows of the folders that the step leaves.
    ///
    /// Also stores the item's failure, if there is one.
    fileprivate func record(_ step: FileJobStep, of id: String) throws {
        if let left = step.abandoned ?? (step.leaves ? step.depth : nil) {
            // The row of depth 0 is deleted with the row of the first folder.
            try enqueue(deleteJobFolders, [id, left > 1 ? left : 0])
        } else if let name = step.visited {
            try enqueue(updateVisited, [name, id, step.depth])
        }
        if let failure = step.failure {
            try enqueue(updateFailure, [failure.code.rawValue, failure.message, id, step.item])
        }
    }

    /// Performs the action of a step, and stores its result and the folder that the step enters.
    ///
    /// - Returns: The file or folder that results from the action; `nil` if there is none.
    /// - Throws: ``EntryLeft`` if `parent` is given and does not contain the entry; the errors of the action;
    ///   `.copyCycle` or `.moveCycle`.
    fileprivate func perform(
        _ step: FileJobStep,
        of id: String,
        _ kind: FileJob.Kind,
        from parent: String?,
        _ defaults: DefaultQuotas,
        now: Date,
        _ events: inout [NewEvent]
    ) throws -> File? {
        var enteredName: String?
        if let source = step.entered, let parent { enteredName = try name(ofFolder: source, in: parent) }
        let file: File?
        switch step.action {
        case nil: file = nil
        case .makeFolder(var folder):
            if step.keepsName, let enteredName { folder.name = enteredName }
            file = try findOrAdd(folder, &events)
        case .copy(let original, let copy):
            file = try required(self.copy(original, from: parent, as: copy, defaults, &events))
        case .move(let original, let move):
            file = try required(self.move(original, from: parent, to: move, defaults, &events))
        case .delete(let entry):
            guard try delete(entry: entry, from: parent, now: now, &events) else { throw PontoonError.fileNotFound }
            file = nil
        }
        if step.isResult, let file { try record(file, asResultOf: step.item, of: id) }
        if let source = step.entered {
            if let destination = file?.id { try refuseCycle(source, destination, of: id, kind) }
            // The folder that contains the first folder has depth 0.
            if step.progress.depth == 1, let parent { try enqueue(insertJobFolder, [id, 0, parent, nil]) }
            try enqueue(insertJobFolder, [id, step.progress.depth, source, file?.id])
        }
        return file
    }

    /// Returns the current name of a folder that a step enters.
    ///
    /// The folder is not locked. If it is moved in the meantime, the next step detects it.
    ///
    /// - Throws: ``EntryLeft`` if `parent` does not contain the folder.
    private func name(ofFolder id: String, in parent: String) throws -> String {
        guard let row = try query(selectFolderName, [id, parent]).first else { throw EntryLeft() }
        return try row.text("name")
    }

    private func required(_ file: File?) throws -> File {
        guard let file else { throw PontoonError.fileNotFound }
        return file
    }

    /// Returns the existing folder with the name and parent of `folder`, or adds `folder`.
    ///
    /// If a file has the name, adds a number to the name of the new folder.
    ///
    /// - Throws: `.destinationNotFound` if the parent does not exist; `.fileNameInvalid` if the number makes the name
    ///   too long; `.limitReached` if a new folder would be too deeply nested.
    private func findOrAdd(_ folder: File, _ events: inout [NewEvent]) throws -> File {
        guard let parent = folder.parent else { throw PontoonError.noSuchDestination }
        try lock(folder: parent)
        if let existing = try file(named: folder.name, in: parent), existing.kind == .folder { return existing }
        try refuse(folderTooDeepIn: parent)
        var folder = folder
        let requested = folder.name
        let number = try FreeNumber.first { number in
            try kind(named: try NumberedName.candidate(requested, attempt: number), in: parent) != nil
        }
        folder.name = try NumberedName.candidate(requested, attempt: number)
        try insert(folder)
        events.append(.file(.created, folder))
        return folder
    }

    /// Refuses to enter a folder if the job would never finish, because folders were moved while it was running.
    ///
    /// - Throws: `.copyCycle` or `.moveCycle` if a folder would be copied or moved into itself, the source is one of
    ///   the current destinations, or the destination is one of the folders that are being visited.
    private func refuseCycle(
        _ source: String,
        _ destination: String,
        of id: String,
        _ kind: FileJob.Kind
    ) throws {
        guard try source == destination || !query(selectCycle, [id, destination, source]).isEmpty else { return }
        let message = "A folder cannot be copied or moved into itself or one of its subfolders."
        throw PontoonError(kind == .copy ? .copyCycle : .moveCycle, message)
    }

    private func record(_ file: File, asResultOf item: Int, of id: String) throws {
        let values: [(any SQLConvertible)?] = [
            file.id, file.name, file.kind.rawValue, file.project, file.parent, id, item,
        ]
        try enqueue(updateResult, values)
    }
}

private let updateProgress: SQLStatement = """
    UPDATE file_jobs SET state = $1, item = $2, depth = $3, total_files = $4, completed_files = $5, failed_files = $6,
        entries = $7, lease_expires_on = $8, finished_on = $9
    WHERE id = $10 AND lease_holder = $11 AND state <> 'finished' RETURNING kind
    """
private let updateVisited: SQLStatement = """
    UPDATE file_job_folders SET after_name = $1 WHERE job_id = $2 AND depth = $3
    """
private let deleteJobFolders: SQLStatement = "DELETE FROM file_job_folders WHERE job_id = $1 AND depth >= $2"
// The folders that are being visited and their current parents, starting with the folder that contains the item.
private let selectJobFolders: SQLStatement = """
    SELECT file_job_folders.depth AS depth, file_job_folders.source_id AS source_id, files.parent_id AS parent_id
    FROM file_job_folders LEFT JOIN files ON files.id = file_job_folders.source_id
    WHERE file_job_folders.job_id = $1 ORDER BY file_job_folders.depth
    """
private let selectFolderName: SQLStatement = """
    SELECT name FROM files WHERE id = $1 AND parent_id = $2 AND kind = 'folder'
    """
private let insertJobFolder: SQLStatement = """
    INSERT INTO file_job_folders (job_id, depth, source_id, destination_id) VALUES ($1, $2, $3, $4)
    """
private let selectCycle: SQLStatement = """
    SELECT depth FROM file_job_folders WHERE job_id = $1 AND source_id = $2 AND depth > 0
    UNION ALL
    SELECT depth FROM file_job_folders WHERE job_id = $1 AND destination_id = $3
    LIMIT 1
    """
private let updateResult: SQLStatement = """
    UPDATE file_job_items SET result_id = $1, result_name = $2, result_kind = $3, result_project = $4,
        result_parent = $5
    WHERE job_id = $6 AND position = $7
    """
private let updateFailure: SQLStatement = """
    UPDATE file_job_items SET error_code = COALESCE(error_code, $1), error_message = COALESCE(error_message, $2)
    WHERE job_id = $3 AND position = $4
    """
