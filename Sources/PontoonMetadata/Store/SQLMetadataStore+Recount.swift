package import PontoonCore

extension SQLMetadataStore: UsageInventory {
    package func recount(_ subject: UsageSubject) async throws -> UsageRecount? {
        try await read { try $0.recount(subject) }
    }

    package func repairUsage(of subject: UsageSubject) async throws -> UsageRecount? {
        // All queries of a read see the same snapshot, so correct counters need not be locked.
        let found = try await recount(subject)
        guard let found, !found.isCorrect else { return found }
        return try await writeRetryingConflicts(changing: .none) { connection in
            guard try connection.recount(subject) != nil else { return nil }
            // A transaction that changes the counters waits for this lock or has already committed its files and
            // uploads, so the next statements count exactly what the counters should contain.
            try connection.lockUsage(of: subject)
            guard let recount = try connection.recount(subject) else { return nil }
            try connection.setUsage(of: subject, to: recount.counted)
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

private let selectProjectUsage = SQLStatement(
    constant: """
        SELECT \(summedUsage) FROM projects LEFT JOIN project_usage ON project_usage.project_id = projects.id
        WHERE projects.id = $1 GROUP BY projects.id
        """
)
private let selectUserUsage = SQLStatement(
    constant: """
        SELECT \(summedUsage) FROM users LEFT JOIN user_usage ON user_usage.user_name = users.name
        WHERE users.name = $1 GROUP BY users.name
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
private let countProjects = SQLStatement(
    constant: """
        SELECT \(summedUsage) FROM projects JOIN project_usage ON project_usage.project_id = projects.id
        WHERE projects.owner = $1
        """
)
