/// The counters of usages, and the records that they count; for checks.
package protocol UsageInventory: UsageStore {
    /// Compares the counters of a project with its files and uploads, or those of a user with the counters of the
    /// user's projects, as of one moment.
    /// - Returns: `nil` if there is no such user or project.
    func recount(_ subject: UsageSubject) async throws -> UsageRecount?
    /// Replaces wrong counters; servers may be running. Changes of the counters wait until the records are counted.
    /// - Returns: The values before the change; `nil` if there is no such user or project.
    func repairUsage(of subject: UsageSubject) async throws -> UsageRecount?
}

/// The counters of a user or project, and the values that they should have.
package struct UsageRecount: Hashable, Sendable {
    package let recorded: Usage
    package let counted: Usage

    package init(recorded: Usage, counted: Usage) {
        self.recorded = recorded
        self.counted = counted
    }

    package var isCorrect: Bool { recorded == counted }
}
