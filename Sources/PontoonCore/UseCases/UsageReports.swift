/// The use cases that report the usage and quotas of users and projects.
package struct UsageReports: Sendable {
    private let metadata: any UsageStore

    package init(metadata: any UsageStore) { self.metadata = metadata }

    /// Returns the total usage of the projects that the caller owns, and the caller's quota.
    ///
    /// - Returns: `nil` if the token is limited to projects, because the total includes other projects, or if the user
    ///   no longer exists.
    /// - Throws: An error if the store is unavailable.
    package func total(caller: Caller) async throws -> UsageReport? {
        caller.isLimited ? nil : try await metadata.usage(of: .user(caller.name))
    }

    /// Returns one page of the projects that the caller owns and the token can access, ordered by id.
    package func projects(caller: Caller, page: Page) async throws -> Listing<ProjectUsage> {
        try await metadata.usages(ofProjectsOwnedBy: caller.name, in: caller.rights.projects, page: page)
    }

    /// Returns the usage and quota of a project.
    ///
    /// Does not check permissions.
    ///
    /// - Returns: `nil` if the project does not exist.
    /// - Throws: An error if the store is unavailable.
    package func project(_ id: ProjectID) async throws -> UsageReport? { try await metadata.usage(of: .project(id)) }
}
