/// Name of a project as the API writes it: `owner/short-name`.
package struct ProjectID: Hashable, Sendable, CustomStringConvertible {
    /// User name of the owner; case-sensitive.
    package let owner: String
    /// Short name, unique for the owner; fixed when the project is created.
    package let shortName: String

    /// Joins two parts that are known to be good.
    package init(owner: String, shortName: String) {
        self.owner = owner
        self.shortName = shortName
    }

    /// Reads `owner/short-name`.
    ///
    /// - Returns: `nil` unless there are exactly two parts, neither empty.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let owner = parts.first, let name = parts.last, !owner.isEmpty, !name.isEmpty else {
            return nil
        }
        self.init(owner: String(owner), shortName: String(name))
    }

    package var description: String { "\(owner)/\(shortName)" }
}
