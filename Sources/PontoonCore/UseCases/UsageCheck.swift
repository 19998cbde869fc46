/// The use case that compares the counters of all projects and users with their files and uploads.
package struct UsageCheck: Sendable {
    /// A user or project whose counters were wrong.
    package struct Finding: Sendable {
        package let subject: UsageSubject
        package let recount: UsageRecount
        /// Whether the counters have been replaced with the correct values.
        package let isRepaired: Bool
    }

    package struct Summary: Sendable {
        /// Number of projects and users whose counters were compared.
        package var compared = 0
        package var wrong = 0
        package var repaired = 0

        /// Whether all counters are now correct.
        package var isClean: Bool { wrong == repaired }
    }

    private let inventory: any UsageInventory
    private let repairs: Bool
    private static let batch = 500

    /// - Parameters:
    ///   - inventory: The metadata store, which servers may be using.
    ///   - repairs: Whether to replace wrong counters.
    package init(of inventory: any UsageInventory, repairs: Bool) {
        self.inventory = inventory
        self.repairs = repairs
    }

    /// Compares the counters of all projects and then of all users, and replaces wrong counters if requested.
    ///
    /// The counters of a user are the sums of the counters of the user's projects.
    ///
    /// - Parameter report: Called with each finding.
    /// - Returns: The numbers of compared, wrong and repaired projects and users.
    /// - Throws: An error if the store is unavailable.
    package func run(report: (Finding) -> Void) async throws -> Summary {
        var summary = Summary()
        var lastProject: ProjectID?
        while true {
            let page = try await inventory.usages(ofProjectsOf: nil, after: lastProject, limit: Self.batch)
            for project in page { try await check(.project(project.id), &summary, report) }
            guard let last = page.last else { break }
            lastProject = last.id
        }
        var lastUser: String?
        while true {
            let page = try await inventory.usages(ofUsersAfter: lastUser, limit: Self.batch)
            for user in page { try await check(.user(user.userName), &summary, report) }
            guard let last = page.last else { return summary }
            lastUser = last.userName
        }
    }

    private func check(_ subject: UsageSubject, _ summary: inout Summary, _ report: (Finding) -> Void) async throws {
        let found = try await repairs ? inventory.repairUsage(of: subject) : inventory.recount(subject)
        // The user or project may have been removed since its page was read.
        guard let found else { return }
        summary.compared += 1
        if found.isCorrect { return }
        summary.wrong += 1
        if repairs { summary.repaired += 1 }
        report(Finding(subject: subject, recount: found, isRepaired: repairs))
    }
}
