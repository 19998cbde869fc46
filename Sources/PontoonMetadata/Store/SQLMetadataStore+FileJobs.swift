package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func addFileJob(_ job: FileJob, _ items: [FileJobItem]) async throws {
        try await write(changing: .none) { connection in
            // The user is locked, so that concurrent calls do not exceed the limits.
            let users = try connection.query(selectJobUser, [job.userName], lock: .forNoKeyUpdate("users"))
            guard !users.isEmpty else { throw PontoonError.noSuchUser }
            let unfinished = try connection.query(countUnfinishedJobs, [job.userName]).first?.count("total") ?? 0
            guard unfinished < FileJobRules.maximumUnfinishedJobs else {
                throw PontoonError(
                    .limitReached,
                    "You already have \(unfinished) unfinished jobs; wait until one of them has finished."
                )
            }
            for row in try connection.query(selectOldJobs, [job.userName, FileJobRules.keptJobs - 1]) {
                try connection.execute(deleteFinishedJob, [try row.text("id")])
            }
            try connection.insert(job)
            try connection.insert(
                into: "file_job_items (job_id, position, file_id, parent_id, project_id, name)",
                rows: items.enumerated().map { $1.values(job.id, position: $0) }
            )
        }
    }

    package func fileJob(_ id: String) async throws -> FileJob? {
        try await read { try $0.query(selectJob, [id]).first?.fileJob() }
    }

    package func fileJobs(of userName: String, tokenID: String?, page: Page) async throws -> Listing<FileJob> {
        try await read { connection in
            var values: [any SQLConvertible] = [userName]
            if let tokenID { values.append(tokenID) }
            let count = tokenID == nil ? countJobs : countJobsOfToken
            let total = try connection.query(count, values).first?.count("total") ?? 0
            let select = tokenID == nil ? selectJobs : selectJobsOfToken
            let rows = try connection.query(select, values + [page.limit, page.offset])
            return Listing(items: try rows.map { try $0.fileJob() }, total: total)
        }
    }

    package func results(of job: FileJob) async throws -> [FileJobResult] {
        let end: Int
        switch job.progress.state {
        case .submitted, .resolving: return []
        case .running: end = job.progress.item
        case .finished: end = .max
        }
        return try await read { connection in
            try connection.query(selectResults, [job.id, end]).map { try $0.fileJobResult(job.kind) }
        }
    }

    package func items(ofFileJob id: String, from position: Int, limit: Int) async throws -> [FileJobItem] {
        try await read { try $0.query(selectItems, [id, position, limit]).map { try $0.fileJobItem() } }
    }

    package func folder(ofFileJob id: String, depth: Int) async throws -> FileJobFolder? {
        try await read { connection in
            try connection.query(selectJobFolder, [id, depth]).first.map { row in
                FileJobFolder(
                    source: try row.text("source_id"),
                    destination: try row.optionalText("destination_id"),
                    after: try row.optionalText("after_name")
                )
            }
        }
    }

    package func entries(in folder: String, after name: String?, limit: Int) async throws -> [FolderEntry] {
        try await read { connection in
            let rows =
                if let name {
                    try connection.query(selectEntriesAfter, [folder, name, limit])
                } else {
                    try connection.query(selectFirstEntries, [folder, limit])
                }
            return try rows.map { row in
                FolderEntry(id: try row.text("id"), name: try row.text("name"), kind: try row.fileKind("kind"))
            }
        }
    }

    package func isFolder(_ id: String, inside other: String) async throws -> Bool {
        try await read { try $0.isFolder(id, inside: other) }
    }

    package func hasWaitingFileJob(now: Date) async throws -> Bool {
        try await read { try !$0.query(selectWaitingJob, [now]).isEmpty }
    }

    package func leaseFileJob(_ lease: Lease, now: Date) async throws -> FileJob? {
        try await write(changing: .none) { connection in
            var jobOfLockedUser: String?
            for user in try connection.query(selectWaitingUsers, [now]) {
                let name = try user.text("name")
                // Locked jobs are skipped, so that two workers that search at the same time lease different jobs.
                let jobLock = SQLRowLock.forUpdateSkippingLocked("file_jobs")
                let jobs = try connection.query(selectWaitingJobOfUser, [name, now], lock: jobLock)
                guard let id = try jobs.first?.text("id") else { continue }
                // Workers do not wait for the row of a user. If another transaction has locked it, the turn cannot be
                // recorded, so all other users come first. Otherwise, a user could take all turns by keeping the row
                // locked with calls that add jobs.
                let userLock = SQLRowLock.forNoKeyUpdateSkippingLocked("users")
                guard try !connection.query(selectJobUser, [name], lock: userLock).isEmpty else {
                    jobOfLockedUser = jobOfLockedUser ?? id
                    continue
                }
                try connection.enqueue(updateTurn, [now, name])
                return try connection.lease(fileJob: id, lease, now: now)
            }
            return try jobOfLockedUser.flatMap { try connection.lease(fileJob: $0, lease, now: now) }
        }
    }

    package func releaseFileJob(_ id: String, leaseID: String, now: Date) async throws {
        try await write(changing: .none) { _ = try $0.execute(releaseJob, [now, id, leaseID]) }
    }

    package func releaseFileJobs() async throws {
        try await write(changing: .none) { _ = try $0.execute(releaseJobs) }
    }

    package func pruneFileJobs(finishedBefore time: Date, limit: Int) async throws -> Int {
        try await write(changing: .none) { try $0.execute(deleteOldJobs, [time, limit]) }
    }
}

extension FileJobItem {
    fileprivate func values(_ job: String, position: Int) -> [any SQLConvertible] {
        var (parent, project) = (SQLValue.null, SQLValue.null)
        switch destination {
        case .folder(let id): parent = .text(id)
        case .project(let id): project = id.sqlValue
        case nil: break
        }
        return [job, position, file, parent, project, name?.sqlValue ?? .null]
    }
}

extension SQLConnection {
    fileprivate func lease(fileJob id: String, _ lease: Lease, now: Date) throws -> FileJob? {
        let values: [any SQLConvertible] = [lease.id, lease.expiresOn, now, id]
        return try query(leaseJob, values).first?.fileJob()
    }

    fileprivate func insert(_ job: FileJob) throws {
        let progress = job.progress
        let values: [(any SQLConvertible)?] = [
            job.id, job.kind.rawValue, job.userName, job.tokenID, job.createdOn, job.createdOn,
            progress.state.rawValue, progress.item, progress.depth, progress.totalFiles, progress.completedFiles,
            progress.failedFiles, progress.entries,
        ]
        try execute(insertJob, values)
    }
}

extension SQLRow {
    /// Creates a job from a row with ``jobColumns``.
    fileprivate func fileJob() throws -> FileJob {
        FileJob(
            id: try text("id"),
            kind: try decode("kind", try text("kind")) { FileJob.Kind(rawValue: $0) },
            userName: try text("user_name"),
            tokenID: try optionalText("token_id"),
            createdOn: try date("created_on"),
            startedOn: try optionalDate("started_on"),
            finishedOn: try optionalDate("finished_on"),
            progress: FileJobProgress(
                state: try decode("state", try text("state")) { FileJob.State(rawValue: $0) },
                item: try count("item"),
                depth: try count("depth"),
                totalFiles: try count("total_files"),
                completedFiles: try count("completed_files"),
                failedFiles: try count("failed_files"),
                entries: try count("entries")
            )
        )
    }

    fileprivate func fileJobItem() throws -> FileJobItem {
        let project = try optionalText("project_id").map { text in
            try decode("project_id", text) { ProjectID($0) }
        }
        let folder = try optionalText("parent_id").map { FolderReference.folder(id: $0) }
        return FileJobItem(
            file: try text("file_id"),
            destination: folder ?? project.map { .project($0) },
            name: try optionalText("name")
        )
    }

    fileprivate func fileJobResult(_ kind: FileJob.Kind) throws -> FileJobResult {
        if let text = try optionalText("error_code") {
            let code = try decode("error_code", text) { PontoonError.Code(rawValue: $0) }
            return .failed(FileJobFailure(code: code, message: try self.text("error_message")))
        }
        if kind == .delete { return .deleted(try text("file_id")) }
        return .file(
            FileJobFile(
                id: try text("result_id"),
                name: try text("result_name"),
                kind: try fileKind("result_kind"),
                project: try projectID("result_project"),
                parent: try text("result_parent")
            )
        )
    }
}

private let jobColumns = """
    id, kind, user_name, token_id, created_on, started_on, finished_on, state, item, depth, total_files,
    completed_files, failed_files, entries
    """
private let selectJobUser: SQLStatement = "SELECT name FROM users WHERE name = $1"
private let countUnfinishedJobs: SQLStatement = """
    SELECT COUNT(*) AS total FROM file_jobs WHERE user_name = $1 AND state <> 'finished'
    """
// Selects at most one job, or more if an earlier version kept more jobs.
private let selectOldJobs: SQLStatement = """
    SELECT id FROM file_jobs WHERE user_name = $1 ORDER BY created_on DESC, id LIMIT 10 OFFSET $2
    """
private let deleteFinishedJob: SQLStatement = "DELETE FROM file_jobs WHERE id = $1 AND state = 'finished'"
private let insertJob: SQLStatement = """
    INSERT INTO file_jobs (
        id, kind, user_name, token_id, created_on, queued_on, state, item, depth, total_files, completed_files,
        failed_files, entries, lease_holder, lease_expires_on
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', 0)
    """
private let selectJob = SQLStatement(constant: "SELECT \(jobColumns) FROM file_jobs WHERE id = $1")
private let countJobs: SQLStatement = "SELECT COUNT(*) AS total FROM file_jobs WHERE user_name = $1"
private let countJobsOfToken: SQLStatement = """
    SELECT COUNT(*) AS total FROM file_jobs WHERE user_name = $1 AND token_id = $2
    """
private let selectJobs = SQLStatement(
    constant: """
        SELECT \(jobColumns) FROM file_jobs WHERE user_name = $1 ORDER BY created_on DESC, id LIMIT $2 OFFSET $3
        """
)
private let selectJobsOfToken = SQLStatement(
    constant: """
        SELECT \(jobColumns) FROM file_jobs WHERE user_name = $1 AND token_id = $2
        ORDER BY created_on DESC, id LIMIT $3 OFFSET $4
        """
)
private let selectResults: SQLStatement = """
    SELECT file_id, result_id, result_name, result_kind, result_project, result_parent, error_code, error_message
    FROM file_job_items WHERE job_id = $1 AND position < $2 ORDER BY position
    """
private let selectItems: SQLStatement = """
    SELECT file_id, parent_id, project_id, name FROM file_job_items WHERE job_id = $1 AND position >= $2
    ORDER BY position LIMIT $3
    """
private let selectJobFolder: SQLStatement = """
    SELECT source_id, destination_id, after_name FROM file_job_folders WHERE job_id = $1 AND depth = $2
    """
private let selectFirstEntries: SQLStatement = """
    SELECT id, name, kind FROM files WHERE parent_id = $1 ORDER BY name LIMIT $2
    """
private let selectEntriesAfter: SQLStatement = """
    SELECT id, name, kind FROM files WHERE parent_id = $1 AND name > $2 ORDER BY name LIMIT $3
    """
private let selectWaitingJob: SQLStatement = """
    SELECT id FROM file_jobs WHERE state <> 'finished' AND lease_expires_on <= $1 ORDER BY queued_on, id LIMIT 1
    """
// The users with waiting jobs, ordered by the time of their last turn, oldest first. Each step of the recursion
// searches the index for the next user, so the cost does not depend on the number of a user's jobs.
private let selectWaitingUsers: SQLStatement = """
    WITH RECURSIVE waiting (user_name) AS (
        SELECT MIN(user_name) FROM file_jobs WHERE state <> 'finished'
        UNION ALL
        SELECT (
            SELECT MIN(user_name) FROM file_jobs WHERE state <> 'finished' AND user_name > waiting.user_name
        ) FROM waiting WHERE waiting.user_name IS NOT NULL
    )
    SELECT users.name AS name FROM waiting JOIN users ON users.name = waiting.user_name
    WHERE EXISTS (
        SELECT 1 FROM file_jobs
        WHERE file_jobs.user_name = users.name AND file_jobs.state <> 'finished' AND file_jobs.lease_expires_on <= $1
    )
    ORDER BY users.job_turn_on, users.name LIMIT 100
    """
private let updateTurn: SQLStatement = "UPDATE users SET job_turn_on = $1 WHERE name = $2"
private let selectWaitingJobOfUser: SQLStatement = """
    SELECT id FROM file_jobs WHERE user_name = $1 AND state <> 'finished' AND lease_expires_on <= $2
    ORDER BY queued_on, id LIMIT 1
    """
private let leaseJob = SQLStatement(
    constant: """
        UPDATE file_jobs SET lease_holder = $1, lease_expires_on = $2, started_on = COALESCE(started_on, $3)
        WHERE id = $4 RETURNING \(jobColumns)
        """
)
private let releaseJob: SQLStatement = """
    UPDATE file_jobs SET lease_holder = '', lease_expires_on = 0, queued_on = $1
    WHERE id = $2 AND lease_holder = $3
    """
private let releaseJobs: SQLStatement = """
    UPDATE file_jobs SET lease_holder = '', lease_expires_on = 0 WHERE state <> 'finished'
    """
private let deleteOldJobs: SQLStatement = """
    DELETE FROM file_jobs WHERE id IN (
        SELECT id FROM file_jobs WHERE state = 'finished' AND finished_on < $1 ORDER BY finished_on, id LIMIT $2
    )
    """
