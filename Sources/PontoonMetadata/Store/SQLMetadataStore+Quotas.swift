package import PontoonCore

extension SQLMetadataStore {
    package func usage(of subject: UsageSubject) async throws -> UsageReport? {
        let defaults = defaultQuotas
        return try await read { connection in
            switch subject {
            case .user(let name):
                try connection.query(selectUser, [name]).first?.userUsage(defaults).report
            case .project(let id):
                try connection.query(selectProject, [id]).first?.projectUsage(defaults).report
            }
        }
    }

    package func quota(of subject: UsageSubject) async throws -> StoredQuota? {
        try await read { try $0.storedQuota(of: subject) }
    }

    package func setQuota(_ change: QuotaChange, of subject: UsageSubject) async throws -> StoredQuota? {
        try await writeRetryingConflicts(changing: .none) { connection in
            // The row is locked, so that a concurrent change is not overwritten.
            try connection.enqueue(subject.lock, [subject.key], lock: .forUpdate(subject.table))
            guard var quota = try connection.storedQuota(of: subject) else { return nil }
            quota.bytes = change.bytes ?? quota.bytes
            quota.files = change.files ?? quota.files
            quota.openUploads = change.openUploads ?? quota.openUploads
            let values: [(any SQLConvertible)?] = [
                subject.key, quota.bytes.stored, quota.files.stored, quota.openUploads.stored,
            ]
            try connection.enqueue(subject.upsertQuota, values)
            return quota
        }
    }

    package func usages(ofUsersAfter name: String?, limit: Int) async throws -> [UserUsage] {
        let defaults = defaultQuotas
        return try await read { connection in
            try connection.query(selectUsers, [name ?? "", limit]).map { try $0.userUsage(defaults) }
        }
    }

    package func usages(
        ofProjectsOf owner: String?,
        after id: ProjectID?,
        limit: Int
    ) async throws -> [ProjectUsage] {
        let defaults = defaultQuotas
        return try await read { connection in
            let after = id?.description ?? ""
            let rows =
                if let owner {
                    try connection.query(selectProjectsOfOwner, [after, owner, limit])
                } else {
                    try connection.query(selectProjects, [after, limit])
                }
            return try rows.map { try $0.projectUsage(defaults) }
        }
    }
}

extension SQLConnection {
    /// Returns the limits that were set for a user or project; `nil` if the user or project does not exist.
    ///
    /// Limits that were not set are `.byDefault`.
    fileprivate func storedQuota(of subject: UsageSubject) throws -> StoredQuota? {
        try query(subject.selectQuota, [subject.key]).first?.storedQuota("")
    }
}

extension UsageSubject {
    fileprivate var table: String {
        switch self {
        case .user: "users"
        case .project: "projects"
        }
    }

    fileprivate var lock: SQLStatement {
        switch self {
        case .user: "SELECT name FROM users WHERE name = $1"
        case .project: "SELECT id FROM projects WHERE id = $1"
        }
    }

    fileprivate var selectQuota: SQLStatement {
        switch self {
        case .user:
            """
            SELECT max_bytes, max_files, max_uploads
            FROM users LEFT JOIN user_quotas ON user_quotas.user_name = users.name WHERE users.name = $1
            """
        case .project:
            """
            SELECT max_bytes, max_files, max_uploads
            FROM projects LEFT JOIN project_quotas ON project_quotas.project_id = projects.id WHERE projects.id = $1
            """
        }
    }

    fileprivate var upsertQuota: SQLStatement {
        switch self {
        case .user:
            """
            INSERT INTO user_quotas (user_name, max_bytes, max_files, max_uploads) VALUES ($1, $2, $3, $4)
            ON CONFLICT (user_name) DO UPDATE SET max_bytes = excluded.max_bytes, max_files = excluded.max_files,
                max_uploads = excluded.max_uploads
            """
        case .project:
            """
            INSERT INTO project_quotas (project_id, max_bytes, max_files, max_uploads) VALUES ($1, $2, $3, $4)
            ON CONFLICT (project_id) DO UPDATE SET max_bytes = excluded.max_bytes, max_files = excluded.max_files,
                max_uploads = excluded.max_uploads
            """
        }
    }
}

extension QuotaValue {
    /// The value of the column: `NULL` for the default, the largest integer for no limit.
    fileprivate var stored: Int64? {
        switch self {
        case .byDefault: nil
        case .unlimited: .max
        case .limit(let limit): limit
        }
    }
}

extension SQLRow {
    fileprivate func userUsage(_ defaults: DefaultQuotas) throws -> UserUsage {
        let quota = try storedQuota("").effective(defaultBytes: defaults.userBytes)
        return UserUsage(userName: try text("name"), report: UsageReport(usage: try usage(), quota: quota))
    }

    /// Returns the usage and the effective quota of a project from a row of ``projectsWithUsage``.
    func projectUsage(_ defaults: DefaultQuotas) throws -> ProjectUsage {
        let quota = try storedQuota("").effective(defaultBytes: defaults.projectBytes)
        return ProjectUsage(
            id: try projectID("id"),
            owner: try text("owner"),
            report: UsageReport(usage: try usage(), quota: quota)
        )
    }
}

// Each group has at most one row of quotas, so MAX returns the value of this row, or NULL.
private let summedUsageAndQuota = """
    \(summedUsage), MAX(max_bytes) AS max_bytes, MAX(max_files) AS max_files, MAX(max_uploads) AS max_uploads
    """
private let usersWithUsage = """
    SELECT users.name AS name, \(summedUsageAndQuota) FROM users
    LEFT JOIN user_usage ON user_usage.user_name = users.name
    """
private let userQuotas = "LEFT JOIN user_quotas ON user_quotas.user_name = users.name"
/// The start of a query for projects with their usage and individual limits.
///
/// The caller appends conditions on the counters, then ``projectQuotas``, then conditions on the projects, and last
/// `GROUP BY projects.id`.
let projectsWithUsage = """
    SELECT projects.id AS id, projects.owner AS owner, \(summedUsageAndQuota) FROM projects
    LEFT JOIN project_usage ON project_usage.project_id = projects.id
    """
let projectQuotas = "LEFT JOIN project_quotas ON project_quotas.project_id = projects.id"
private let selectUser = SQLStatement(
    constant: "\(usersWithUsage) \(userQuotas) WHERE users.name = $1 GROUP BY users.name"
)
// The conditions on the counters are for PostgreSQL, which would otherwise also read the counters of all users or
// projects on earlier pages.
private let selectUsers = SQLStatement(
    constant: """
        \(usersWithUsage) AND user_usage.user_name > $1 \(userQuotas) WHERE users.name > $1
        GROUP BY users.name ORDER BY users.name LIMIT $2
        """
)
private let selectProject = SQLStatement(
    constant: "\(projectsWithUsage) \(projectQuotas) WHERE projects.id = $1 GROUP BY projects.id"
)
private let selectProjects = SQLStatement(
    constant: """
        \(projectsWithUsage) AND project_usage.project_id > $1 \(projectQuotas) WHERE projects.id > $1
        GROUP BY projects.id ORDER BY projects.id LIMIT $2
        """
)
private let selectProjectsOfOwner = SQLStatement(
    constant: """
        \(projectsWithUsage) AND project_usage.project_id > $1 \(projectQuotas)
        WHERE projects.id > $1 AND projects.owner = $2
        GROUP BY projects.id ORDER BY projects.id LIMIT $3
        """
)
