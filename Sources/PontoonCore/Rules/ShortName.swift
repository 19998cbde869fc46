/// Derives the second half of a project's id from its display name, once.
///
/// Source: docs/api.md#create-project.
package enum ShortName {
    /// Converts a name to lower case, replaces spaces and `_` by `-`, and drops everything but letters, digits and `-`.
    ///
    /// - Parameters:
    ///   - name: Display name.
    ///   - attempt: 0 at first; after a conflict 1, 2, …, appended as `_1`, `_2`.
    /// - Returns: The short name; `project` if nothing is left of the name.
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
