/// Id of a project: `owner/project`.
package struct ProjectID: Hashable, Sendable, CustomStringConvertible {
    /// User name of the creator, case-sensitive.
    ///
    /// The project may now have another owner; see ``Project/owner``.
    package let owner: String
    /// Unique among the projects with the same ``owner``; fixed when the project is created.
    package let shortName: String

    package init(owner: String, shortName: String) {
        self.owner = owner
        self.shortName = shortName
    }

    /// Parses `owner/project`.
    ///
    /// - Returns: `nil` unless the text contains exactly one `/`, with text on both sides of it.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let owner = parts.first, let name = parts.last, !owner.isEmpty, !name.isEmpty else {
            return nil
        }
        self.init(owner: String(owner), shortName: String(name))
    }

    package var description: String { "\(owner)/\(shortName)" }
}
