import PontoonCore

/// A project and its owner, whose usage counters a transaction changes, with their effective quotas.
struct UsageAccount: Sendable {
    let project: ProjectID
    let owner: String
    var projectQuota = Quota()
    var ownerQuota = Quota()
    /// The role of the caller, which determines the message of a refusal.
    var caller = QuotaCaller.member

    /// Sets ``caller`` to the role of a user; `isSender` is `true` for an upload through an upload link.
    mutating func setCaller(_ userName: String, isSender: Bool) {
        caller = isSender ? .sender : userName == owner ? .owner : .member
    }
}

/// The usage counters of projects and their owners, divided into shards (``CounterShards``).
///
/// A transaction changes the counters last, so that they are locked only briefly. To avoid deadlocks, it changes
/// projects before users, projects in order of id, and users in order of name. If the owner or project was removed in
/// the meantime, the change violates a foreign key, so the transaction must be retried
/// (``SQLMetadataStore/writeRetryingConflicts(changing:_:)``).
///
/// A change that increases a number that has a limit uses shard 0 and locks it until the transaction ends. Two changes
/// of this kind to the same project or user therefore run one after the other, and the second sees the new sum.
extension SQLConnection {
    /// Changes the counters of a project and its owner.
    ///
    /// Waits for the database to respond only if the change increases a number that has a limit.
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
        let isLimited = QuotaRules.limits(change, limit.quota)
        try enqueue(counters.add, change.values(name, shard: isLimited ? 0 : shard(for: change)))
        // On PostgreSQL, both statements are sent together. The second one sees what was committed while the first one
        // waited for the lock.
        guard isLimited, let usage = try query(counters.select, [name]).first?.usage() else { return }
        try QuotaRules.check(change, to: usage, limit.quota, of: limit.subject, caller: account.caller)
    }

    /// Subtracts usage from the counters of `old`, and adds it to the counters of `new`.
    ///
    /// Does not change the owner's counters if both projects have the same owner.
    ///
    /// - Throws: `.quotaExceeded`; ``SQLError``.
    func transfer(_ usage: Usage, from old: UsageAccount, to new: UsageAccount) throws {
        let changes = [(old, usage.negated), (new, usage)]
        for (account, change) in changes.sorted(by: { $0.0.project.description < $1.0.project.description }) {
            let limit = (account.projectQuota, UsageSubject.project(account.project))
            try add(change, projectUsage, account.project.description, limit, account)
        }
        if old.owner == new.owner { return }
        for (account, change) in changes.sorted(by: { $0.0.owner < $1.0.owner }) {
            try add(change, userUsage, account.owner, (account.ownerQuota, .user(account.owner)), account)
        }
    }

    /// Subtracts `changes` from the counters of projects and their owners.
    ///
    /// Also adds `charged`, which is keyed by user name and may be negative, to the counters of users, without checking
    /// their quotas.
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
            try enqueue(counters.add, change.values(name, shard: shard(for: change)))
        }
    }

    /// Returns the shard for a change that need not be compared with a limit.
    ///
    /// Changes of more than 1 GiB use shard 0. If large uploads were repeatedly reserved in one shard and released in
    /// another, the two shards would move away from zero in opposite directions, until one of them exceeded the
    /// column's limit of 4 EiB. With smaller changes, this takes too many transactions to happen in practice.
    private func shard(for change: Usage) -> Int {
        max(change.storedBytes.magnitude, change.reservedBytes.magnitude) > 1 << 30 ? 0 : counterShard
    }

    /// Adds the missing shards of a user's or project's counters, and locks all shards until the transaction ends.
    ///
    /// - Throws: ``SQLError``. If the subject does not exist, this is a foreign key violation, which may be thrown by a
    ///   later statement instead.
    func lockUsage(of subject: UsageSubject) throws {
        let counters = UsageCounters.of(subject)
        for shard in 0..<CounterShards.count {
            try enqueue(counters.add, Usage().values(subject.key, shard: shard))
        }
    }

    /// Replaces the counters of a user or project, which the caller must have locked.
    func setUsage(of subject: UsageSubject, to usage: Usage) throws {
        let counters = UsageCounters.of(subject)
        try enqueue(counters.delete, [subject.key])
        try enqueue(counters.add, usage.values(subject.key, shard: 0))
    }

    /// Returns the total usage of projects, and locks the existing shards of their counters until the transaction ends.
    ///
    /// The caller must have locked the projects for update, so that no shard is added in the meantime.
    func lockedUsage(of projects: [String]) throws -> Usage {
        var total = Usage()
        for chunk in projects.sorted().chunks(of: 500) {
            var select = SQLBuilder("SELECT \(usageColumns) FROM project_usage WHERE project_id IN ")
            select.append(list: chunk)
            select.append(" ORDER BY project_id, shard")
            let rows = try query(select.statement, values: select.values, lock: .forUpdate("project_usage"))
            total = try rows.reduce(total) { $0 + (try $1.usage()) }
        }
        return total
    }

    /// Returns the account of a project; `nil` if the project does not exist.
    func usageAccount(of project: ProjectID, _ defaults: DefaultQuotas) throws -> UsageAccount? {
        try query(selectAccount, [project]).first?.usageAccount(defaults)
    }

    /// Checks, without changing anything, that a change would not exceed the quotas of a project and its owner at their
    /// current usage.
    ///
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

    fileprivate func values(_ name: String, shard: Int) -> [(any SQLConvertible)?] {
        [name, shard, storedBytes, reservedBytes, files, openUploads]
    }
}

extension UsageSubject {
    /// The value of the column that identifies the subject's rows.
    var key: String {
        switch self {
        case .user(let name): name
        case .project(let id): id.description
        }
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

    /// Returns the usage of a file or folder from a row with the columns `kind` and `size`; `size` is `NULL` for a
    /// folder.
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

    /// Returns the account and the usage of a deleted upload from a row with ``releasedColumns``; `nil` for an upload
    /// of a code package, which does not count towards a quota.
    func releasedUpload() throws -> (account: UsageAccount, usage: Usage)? {
        guard try optionalText("project_id") != nil else { return nil }
        return (
            UsageAccount(project: try projectID("project_id"), owner: try text("charged_owner")),
            Usage(reservedBytes: try integer("reserved_bytes"), openUploads: 1)
        )
    }
}

private let usageColumns = "stored_bytes, reserved_bytes, files, open_uploads"
/// The columns that ``SQLRow/usage()`` needs, as sums over rows of counters; 0 if there are no rows.
///
/// The casts are for PostgreSQL, where the sum of BIGINT is NUMERIC.
let summedUsage = """
    CAST(COALESCE(SUM(stored_bytes), 0) AS BIGINT) AS stored_bytes,
    CAST(COALESCE(SUM(reserved_bytes), 0) AS BIGINT) AS reserved_bytes,
    CAST(COALESCE(SUM(files), 0) AS BIGINT) AS files, CAST(COALESCE(SUM(open_uploads), 0) AS BIGINT) AS open_uploads
    """
/// The columns that ``SQLRow/usageAccount(_:)`` needs, selected from `projects` and ``accountQuotas``.
let accountColumns = """
    projects.id AS charged_project, projects.owner AS charged_owner,
    project_quotas.max_bytes AS project_max_bytes, project_quotas.max_files AS project_max_files,
    project_quotas.max_uploads AS project_max_uploads, user_quotas.max_bytes AS owner_max_bytes,
    user_quotas.max_files AS owner_max_files, user_quotas.max_uploads AS owner_max_uploads
    """
/// The joins of `projects` with the quotas of projects and of their owners.
let accountQuotas = """
    LEFT JOIN project_quotas ON project_quotas.project_id = projects.id
    LEFT JOIN user_quotas ON user_quotas.user_name = projects.owner
    """
/// The columns that ``SQLRow/releasedUpload()`` needs, for the `RETURNING` clause of a statement that deletes uploads.
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
    /// Selects the sums of the counters of a project or user.
    let select: SQLStatement
    /// Adds to one shard, with the parameters of ``Usage/values(_:shard:)``.
    let add: SQLStatement
    /// Deletes all shards of a project or user.
    let delete: SQLStatement

    static func of(_ subject: UsageSubject) -> UsageCounters {
        switch subject {
        case .project: projectUsage
        case .user: userUsage
        }
    }

    init(_ table: String, key: String) {
        select = SQLStatement(constant: "SELECT \(summedUsage) FROM \(table) WHERE \(key) = $1")
        delete = SQLStatement(constant: "DELETE FROM \(table) WHERE \(key) = $1")
        add = SQLStatement(
            constant: """
                INSERT INTO \(table) (\(key), shard, \(usageColumns)) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (\(key), shard) DO UPDATE SET stored_bytes = \(table).stored_bytes + excluded.stored_bytes,
                    reserved_bytes = \(table).reserved_bytes + excluded.reserved_bytes,
                    files = \(table).files + excluded.files,
                    open_uploads = \(table).open_uploads + excluded.open_uploads
                """
        )
    }
}
