import PontoonCore

/// A project and its owner, whose counters a transaction changes, and their quotas in force.
struct UsageAccount: Sendable {
    let project: ProjectID
    let owner: String
    var projectQuota = Quota()
    var ownerQuota = Quota()
    /// The caller, on whom the message of a refusal depends.
    var caller = QuotaCaller.member

    /// Sets ``caller`` for an upload.
    mutating func setCaller(_ userName: String, isSender: Bool) {
        caller = isSender ? .sender : userName == owner ? .owner : .member
    }
}

/// The counters of the storage that projects and their owners use.
///
/// A transaction changes them last, first the projects in order of id and then the users in order of name, so that they
/// are locked only briefly and no deadlock arises. If the owner or project was removed in the meantime, the change
/// violates a foreign key, so the transaction must be retried
/// (``SQLMetadataStore/writeRetryingConflicts(changing:_:)``).
extension SQLConnection {
    /// Changes the counters of a project and its owner.
    ///
    /// Waits for a result only if the change increases a number that has a limit.
    ///
    /// - Throws: `.quotaExceeded`; ``SQLError``.
    func add(_ change: Usage, to account: UsageAccount) throws {
        guard change != Usage() else { return }
        try add(
            change,
            projectUsage,
            account.project.description,
            (account.projectQuota, .project(account.project)),
            account
        )
        try add(change, userUsage, account.owner, (account.ownerQuota, .user(account.owner)), account)
    }

    private func add(
        _ change: Usage,
        _ counters: UsageCounters,
        _ name: String,
        _ limit: (quota: Quota, subject: UsageSubject),
        _ account: UsageAccount
    ) throws {
        try enqueue(counters.add, change.values(name))
        // A second statement, because SQLite takes longer for RETURNING; on PostgreSQL, both are sent together.
        guard QuotaRules.limits(change, limit.quota), let usage = try query(counters.select, [name]).first?.usage()
        else { return }
        try QuotaRules.check(change, to: usage, limit.quota, of: limit.subject, caller: account.caller)
    }

    /// Subtracts `changes` from the counters of projects and their owners, and adds `charged` to the counters of users
    /// without comparing them with a quota.
    func release(_ changes: [(account: UsageAccount, usage: Usage)], charging charged: [String: Usage] = [:]) throws {
        var projects: [String: Usage] = [:]
        var owners = charged
        for (account, usage) in changes {
            projects[account.project.description, default: Usage()] += usage.negated
            owners[account.owner, default: Usage()] += usage.negated
        }
        try add(projects, projectUsage)
        try add(owners, userUsage)
    }

    private func add(_ changes: [String: Usage], _ counters: UsageCounters) throws {
        for (name, change) in changes.sorted(by: { $0.key < $1.key }) where change != Usage() {
            try enqueue(counters.add, change.values(name))
        }
    }

    /// Returns the account of a project; `nil` if it does not exist.
    func usageAccount(of project: ProjectID, _ defaults: DefaultQuotas) throws -> UsageAccount? {
        try query(selectAccount, [project]).first?.usageAccount(defaults)
    }

    /// Checks that a change would not exceed a quota at present; changes nothing.
    /// - Throws: `.quotaExceeded`; ``SQLError``.
    func checkRoom(for change: Usage, in account: UsageAccount) throws {
        let limits: [(UsageCounters, String, Quota, UsageSubject)] = [
            (projectUsage, account.project.description, account.projectQuota, .project(account.project)),
            (userUsage, account.owner, account.ownerQuota, .user(account.owner)),
        ]
        for (counters, name, quota, subject) in limits where QuotaRules.limits(change, quota) {
            let usage = try query(counters.select, [name]).first?.usage() ?? Usage()
            try QuotaRules.check(change, to: usage + change, quota, of: subject, caller: account.caller)
        }
    }
}

extension Usage {
    static func += (usage: inout Usage, change: Usage) { usage = usage + change }

    fileprivate func values(_ name: String) -> [(any SQLConvertible)?] {
        [name, storedBytes, reservedBytes, files, openUploads]
    }
}

extension SQLRow {
    /// Creates a usage from a row with ``usageColumns``.
    func usage() throws -> Usage {
        Usage(
            storedBytes: try integer("stored_bytes"),
            reservedBytes: try integer("reserved_bytes"),
            files: try integer("files"),
            openUploads: try integer("open_uploads")
        )
    }

    /// Returns the usage of a file or folder from a row with the columns `kind` and `size`; `size` is `NULL` for a folder.
    func fileUsage() throws -> Usage {
        try fileKind("kind") == .file ? Usage(storedBytes: try optionalInteger("size") ?? 0, files: 1) : Usage()
    }

    /// Creates an account from a row with ``accountColumns``.
    func usageAccount(_ defaults: DefaultQuotas) throws -> UsageAccount {
        UsageAccount(
            project: try projectID("charged_project"),
            owner: try text("charged_owner"),
            projectQuota: try storedQuota("project_").effective(defaultBytes: defaults.projectBytes),
            ownerQuota: try storedQuota("owner_").effective(defaultBytes: defaults.userBytes)
        )
    }

    /// Creates a quota from columns whose names begin with `prefix`.
    func storedQuota(_ prefix: String) throws -> StoredQuota {
        StoredQuota(
            bytes: try quotaValue(prefix + "max_bytes"),
            files: try quotaValue(prefix + "max_files"),
            openUploads: try quotaValue(prefix + "max_uploads")
        )
    }

    private func quotaValue(_ column: String) throws -> QuotaValue {
        switch try optionalInteger(column) {
        case nil: .byDefault
        case .some(.max): .unlimited
        case .some(let limit): .limit(limit)
        }
    }

    /// Returns the account and the usage of a deleted upload from a row with ``releasedColumns``; `nil` for an upload of
    /// a code package, which does not count.
    func releasedUpload() throws -> (account: UsageAccount, usage: Usage)? {
        guard try optionalText("project_id") != nil else { return nil }
        return (
            UsageAccount(project: try projectID("project_id"), owner: try text("charged_owner")),
            Usage(reservedBytes: try integer("reserved_bytes"), openUploads: 1)
        )
    }
}

let usageColumns = "stored_bytes, reserved_bytes, files, open_uploads"
/// The columns that ``SQLRow/usageAccount(_:)`` needs, selected from `projects` and ``accountQuotas``.
let accountColumns = """
    projects.id AS charged_project, projects.owner AS charged_owner,
    project_quotas.max_bytes AS project_max_bytes, project_quotas.max_files AS project_max_files,
    project_quotas.max_uploads AS project_max_uploads, user_quotas.max_bytes AS owner_max_bytes,
    user_quotas.max_files AS owner_max_files, user_quotas.max_uploads AS owner_max_uploads
    """
/// The joins of `projects` with its quota and that of its owner.
let accountQuotas = """
    LEFT JOIN project_quotas ON project_quotas.project_id = projects.id
    LEFT JOIN user_quotas ON user_quotas.user_name = projects.owner
    """
/// The columns that ``SQLRow/releasedUpload()`` needs, for `RETURNING` of a statement that deletes uploads.
let releasedColumns = """
    project_id, reserved_bytes, (SELECT owner FROM projects WHERE projects.id = uploads.project_id) AS charged_owner
    """
private let selectAccount = SQLStatement(
    constant: "SELECT \(accountColumns) FROM projects \(accountQuotas) WHERE projects.id = $1"
)
private let projectUsage = UsageCounters("project_usage", key: "project_id")
private let userUsage = UsageCounters("user_usage", key: "user_name")

/// The statements for a table of counters.
private struct UsageCounters {
    /// Selects the counters of a row.
    let select: SQLStatement
    /// Adds to the counters of a row, with the parameters of ``Usage/values(_:)``.
    let add: SQLStatement

    init(_ table: String, key: String) {
        select = SQLStatement(constant: "SELECT \(usageColumns) FROM \(table) WHERE \(key) = $1")
        add = SQLStatement(
            constant: """
                INSERT INTO \(table) (\(key), \(usageColumns)) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (\(key)) DO UPDATE SET stored_bytes = \(table).stored_bytes + excluded.stored_bytes,
                    reserved_bytes = \(table).reserved_bytes + excluded.reserved_bytes,
                    files = \(table).files + excluded.files,
                    open_uploads = \(table).open_uploads + excluded.open_uploads
                """
        )
    }
}
