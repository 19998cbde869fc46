/// The second half of a project's id, derived once from its display name.
///
/// Source: docs/api.md#create-project.
package enum ShortName {
    /// Derives the short name: lower case, blanks and `_` as `-`, everything but letters, digits and `-` dropped.
    ///
    /// - Parameters:
    ///   - name: Display name.
    ///   - attempt: 0 first; after a collision 1, 2, …, appended as `_1`, `_2`.
    /// - Returns: `project` in place of a name of which nothing is left.
    package static func derive(from name: String, attempt: Int) -> String {
        var text = ""
        for scalar in name.lowercased().unicodeScalars {
            switch scalar {
            case "a"..."z", "0"..."9", "-": text.unicodeScalars.append(scalar)
            case " ", "_": text.append("-")
            default: break
            }
        }
        let base = text.isEmpty ? "project" : String(text.prefix(100))
        return attempt == 0 ? base : "\(base)_\(attempt)"
    }
}
