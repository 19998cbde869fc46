/// The use cases that report the storage used by all users and projects, for operators.
package struct UsageAdministration: Sendable {
    private let metadata: any UsageStore
    private static let batch = 500

    package init(metadata: any UsageStore) { self.metadata = metadata }

    /// Returns the usage of all users, most stored bytes first.
    package func users() async throws -> [UserUsage] {
        var users: [UserUsage] = []
        while true {
            let page = try await metadata.usages(ofUsersAfter: users.last?.userName, limit: Self.batch)
            users += page
            if page.count < Self.batch { break }
        }
        return users.sorted { Self.precedes(($0.report, $0.userName), ($1.report, $1.userName)) }
    }

    /// Returns the usage of a user.
    ///
    /// - Throws: `.userNotFound`.
    package func user(_ name: String) async throws -> UserUsage {
        guard let report = try await metadata.usage(of: .user(name)) else {
            throw PontoonError.noUser(name)
        }
        return UserUsage(userName: name, report: report)
    }

    /// Returns the usage of all projects, most stored bytes first.
    ///
    /// - Parameter owner: The owner of the projects; `nil` returns the projects of all users.
    /// - Returns: The usage of each project.
    /// - Throws: An error if the store is unavailable.
    package func projects(of owner: String? = nil) async throws -> [ProjectUsage] {
        var projects: [ProjectUsage] = []
        while true {
            let page = try await metadata.usages(
                ofProjectsOf: owner,
                after: projects.last?.id,
                limit: Self.batch
            )
            projects += page
            if page.count < Self.batch { break }
        }
        return projects.sorted { Self.precedes(($0.report, $0.id.description), ($1.report, $1.id.description)) }
    }

    /// Returns the usage of a project.
    ///
    /// - Throws: `.projectNotFound`.
    package func project(_ id: ProjectID) async throws -> ProjectUsage {
        // Reads all projects, because a separate query is not worthwhile: only an operator's command calls this method.
        guard let project = try await projects().first(where: { $0.id == id }) else {
            throw PontoonError.noProject(id)
        }
        return project
    }

    private static func precedes(_ one: (UsageReport, name: String), _ other: (UsageReport, name: String)) -> Bool {
        let (first, second) = (one.0.usage.storedBytes, other.0.usage.storedBytes)
        return first == second ? one.name < other.name : first > second
    }
}
