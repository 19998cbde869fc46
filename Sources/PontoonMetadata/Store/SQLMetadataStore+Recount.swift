package import PontoonCore

extension SQLMetadataStore: UsageInventory {
    package func recount(_ subject: UsageSubject) async throws -> UsageRecount? {
        try await read { try $0.recount(subject) }
    }

    package func repairUsage(of subject: UsageSubject) async throws -> UsageRecount? {
        try await writeRetryingConflicts(changing: .none) { connection in
            // A transaction that changes the counters waits for this lock or has already committed its files and uploads,
            // so the next statements count exactly what the counters should contain.
            switch subject {
            case .project(let id):
                try connection.enqueue(insertProjectUsage, [id])
                try connection.enqueue(lockProjectUsage, [id], lock: .forUpdate("project_usage"))
            case .user(let name):
                try connection.enqueue(lockOwnedUsage, [name], lock: .forUpdate("project_usage"))
                try connection.enqueue(insertUserUsage, [name])
                try connection.enqueue(lockUserUsage, [name], lock: .forUpdate("user_usage"))
            }
            guard let recount = try connection.recount(subject) else { return nil }
            guard !recount.isCorrect else { return recount }
            let counted = recount.counted
            let values: [any SQLConvertible] = [
                counted.storedBytes, counted.reservedBytes, counted.files, counted.openUploads,
            ]
            switch subject {
            case .project(let id): try connection.enqueue(setProjectUsage, values + [id])
            case .user(let name): try connection.enqueue(setUserUsage, values + [name])
            }
            return recount
        }
    }
}

extension SQLConnection {
    fileprivate func recount(_ subject: UsageSubject) throws -> UsageRecount? {
        switch subject {
        case .project(let id):
            guard let recorded = try query(selectProjectUsage, [id]).first?.usage(),
                let files = try query(countFiles, [id]).first, let uploads = try query(countUploads, [id]).first
            else { return nil }
            let counted = Usage(
                storedBytes: try files.integer("bytes"),
                reservedBytes: try uploads.integer("bytes"),
                files: try files.integer("total"),
                openUploads: try uploads.integer("total")
            )
            return UsageRecount(recorded: recorded, counted: counted)
        case .user(let name):
            guard let recorded = try query(selectUserUsage, [name]).first?.usage(),
                let counted = try query(countProjects, [name]).first?.usage()
            else { return nil }
            return UsageRecount(recorded: recorded, counted: counted)
        }
    }
}

private let coalescedUsage = """
    COALESCE(stored_bytes, 0) AS stored_bytes, COALESCE(reserved_bytes, 0) AS reserved_bytes,
    COALESCE(files, 0) AS files, COALESCE(open_uploads, 0) AS open_uploads
    """
private let selectProjectUsage = SQLStatement(
    constant: """
        SELECT \(coalescedUsage) FROM projects LEFT JOIN project_usage ON project_usage.project_id = projects.id
        WHERE projects.id = $1
        """
)
private let selectUserUsage = SQLStatement(
    constant: """
        SELECT \(coalescedUsage) FROM users LEFT JOIN user_usage ON user_usage.user_name = users.name
        WHERE users.name = $1
        """
)
// The casts are for PostgreSQL, where the sum of BIGINT is NUMERIC.
private let countFiles: SQLStatement = """
    SELECT COUNT(*) AS total, CAST(COALESCE(SUM(objects.size), 0) AS BIGINT) AS bytes
    FROM files LEFT JOIN objects ON objects.key = files.object_key
    WHERE files.project_id = $1 AND files.kind = 'file'
    """
private let countUploads: SQLStatement = """
    SELECT COUNT(*) AS total, CAST(COALESCE(SUM(reserved_bytes), 0) AS BIGINT) AS bytes FROM uploads
    WHERE project_id = $1 AND state <> 'completed'
    """
private let countProjects: SQLStatement = """
    SELECT CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) AS stored_bytes,
        CAST(COALESCE(SUM(reserved_bytes), 0) AS BIGINT) AS reserved_bytes,
        CAST(COALESCE(SUM(files), 0) AS BIGINT) AS files,
        CAST(COALESCE(SUM(open_uploads), 0) AS BIGINT) AS open_uploads
    FROM projects JOIN project_usage ON project_usage.project_id = projects.id WHERE projects.owner = $1
    """
private let insertProjectUsage: SQLStatement = """
    INSERT INTO project_usage (project_id, stored_bytes, reserved_bytes, files, open_uploads)
    SELECT id, 0, 0, 0, 0 FROM projects WHERE id = $1 ON CONFLICT (project_id) DO NOTHING
    """
private let insertUserUsage: SQLStatement = """
    INSERT INTO user_usage (user_name, stored_bytes, reserved_bytes, files, open_uploads)
    SELECT name, 0, 0, 0, 0 FROM users WHERE name = $1 ON CONFLICT (user_name) DO NOTHING
    """
private let lockProjectUsage: SQLStatement = "SELECT project_id FROM project_usage WHERE project_id = $1"
private let lockOwnedUsage: SQLStatement = """
    SELECT project_id FROM project_usage
    WHERE project_id IN (SELECT id FROM projects WHERE owner = $1) ORDER BY project_id
    """
private let lockUserUsage: SQLStatement = "SELECT user_name FROM user_usage WHERE user_name = $1"
private let setProjectUsage: SQLStatement = """
    UPDATE project_usage SET stored_bytes = $1, reserved_bytes = $2, files = $3, open_uploads = $4
    WHERE project_id = $5
    """
private let setUserUsage: SQLStatement = """
    UPDATE user_usage SET stored_bytes = $1, reserved_bytes = $2, files = $3, open_uploads = $4 WHERE user_name = $5
    """
