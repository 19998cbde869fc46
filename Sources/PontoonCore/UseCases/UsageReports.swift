/// The use cases that report the storage that users and projects use, and their quotas.
package struct UsageReports: Sendable {
    private let metadata: any UsageStore

    package init(metadata: any UsageStore) { self.metadata = metadata }

    /// Returns the usage of all projects that the caller owns, and the caller's quota.
    ///
    /// - Returns: `nil` for a token that is limited to projects, because the sums include other projects.
    /// - Throws: The error of the store.
    package func total(caller: Caller) async throws -> UsageReport? {
        caller.isLimited ? nil : try await metadata.usage(of: .user(caller.name))
    }

    /// Returns one page of the projects that the caller owns and the token includes, ordered by id.
    package func projects(caller: Caller, page: Page) async throws -> Listing<ProjectUsage> {
        try await metadata.usages(ofProjectsOwnedBy: caller.name, in: caller.rights.projects, page: page)
    }

    /// Returns the usage and quota of a project; checks no permission.
    ///
    /// - Returns: `nil` if the project does not exist.
    /// - Throws: The error of the store.
    package func project(_ id: ProjectID) async throws -> UsageReport? { try await metadata.usage(of: .project(id)) }
}
