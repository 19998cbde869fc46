/// The usage counters and the records that they count, for consistency checks.
package protocol UsageInventory: UsageStore {
    /// Compares the counters of a project with its files and uploads, or the counters of a user with the counters of
    /// the user's projects. Reads all of them in one snapshot.
    ///
    /// - Returns: `nil` if there is no such user or project.
    func recount(_ subject: UsageSubject) async throws -> UsageRecount?
    /// Replaces the counters of a user or project with the counted values if they differ. Servers may be running:
    /// transactions that change the counters wait until the records have been counted.
    ///
    /// - Returns: The recorded counters before the change and the counted values; `nil` if there is no such user or
    ///   project.
    func repairUsage(of subject: UsageSubject) async throws -> UsageRecount?
}

/// The recorded counters of a user or project, and the values counted from the records.
package struct UsageRecount: Hashable, Sendable {
    package let recorded: Usage
    package let counted: Usage

    package init(recorded: Usage, counted: Usage) {
        self.recorded = recorded
        self.counted = counted
    }

    package var isCorrect: Bool { recorded == counted }
}
