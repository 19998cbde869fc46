/// Limits on the uploads, projects and tokens of one user.
package struct UserLimits: Hashable, Sendable {
    /// Maximum number of unfinished uploads to folders, and of unfinished uploads of code packages.
    ///
    /// The two kinds are counted separately.
    package var openUploads: Int
    /// Maximum number of projects that the user owns.
    package var projects: Int
    /// Maximum number of tokens.
    package var tokens: Int

    package init(openUploads: Int = 10_000, projects: Int = 10_000, tokens: Int = 1000) {
        self.openUploads = openUploads
        self.projects = projects
        self.tokens = tokens
    }
}
