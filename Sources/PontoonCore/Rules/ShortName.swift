/// The second half of a project's id, derived from its display name when the project is created.
///
/// Source: docs/api.md#create-project.
package enum ShortName {
    /// Derives a short name from a display name.
    ///
    /// Letters become lower case, spaces and `_` become `-`, and all characters except ASCII letters, digits and `-`
    /// are dropped. The result is truncated to 100 characters before the attempt's number is appended.
    ///
    /// - Parameters:
    ///   - name: Display name.
    ///   - attempt: 0 at first; 1, 2, … after a conflict, appended as `_1`, `_2`, ….
    /// - Returns: The short name; derived from `project` if no character of the name remains.
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
