/// Storage of quotas, and of counters of the storage used by users and projects.
///
/// Every transaction that adds or removes files or uploads also updates the counters. If a counter would grow beyond a
/// quota, the transaction changes nothing and throws `.quotaExceeded`. Only
/// ``IdentityStore/removeUser(_:givingProjectsTo:)`` ignores the quotas of the new owner.
package protocol UsageStore: Sendable {
    /// Returns the usage of a user or project and the quota in force, as last committed by any process.
    ///
    /// - Returns: `nil` if there is no such user or project.
    func usage(of subject: UsageSubject) async throws -> UsageReport?
    /// Checks that new files or uploads would not exceed a quota at this moment. Reserves nothing.
    ///
    /// - Parameters:
    ///   - growth: The usage that the files or uploads would add.
    ///   - project: The project to which they would be added; if it does not exist, the check succeeds.
    ///   - userName: The user who would add them; determines the message of the error.
    ///   - isSender: Whether a sender would add them through the user's upload link; determines the message of the
    ///     error.
    /// - Throws: `.quotaExceeded`.
    func checkQuota(
        for growth: Usage,
        in project: ProjectID,
        by userName: String,
        isSender: Bool
    ) async throws
    /// Returns the limits that an operator has set for a user or project, without the defaults from the settings.
    ///
    /// - Returns: `nil` if there is no such user or project.
    func quota(of subject: UsageSubject) async throws -> StoredQuota?
    /// Changes the limits of a user or project. A limit may be lower than the current usage.
    ///
    /// - Returns: The limits after the change; `nil` if there is no such user or project.
    func setQuota(_ change: QuotaChange, of subject: UsageSubject) async throws -> StoredQuota?
    /// Returns the usage of at most `limit` users, ordered by name, whose names come after `name`; `nil` starts with
    /// the first user.
    func usages(ofUsersAfter name: String?, limit: Int) async throws -> [UserUsage]
    /// Returns the usage of at most `limit` projects of an owner, or of all owners if `owner` is `nil`. The projects
    /// are ordered by id, and their ids come after `id`; `nil` starts with the first project. Ids are compared byte for
    /// byte.
    func usages(ofProjectsOf owner: String?, after id: ProjectID?, limit: Int) async throws -> [ProjectUsage]
    /// Returns one page of the usage of the projects that a user owns, ordered by id, and their total number. Includes
    /// only `projects`; `nil` includes all.
    func usages(
        ofProjectsOwnedBy owner: String,
        in projects: Set<ProjectID>?,
        page: Page
    ) async throws -> Listing<ProjectUsage>
}
