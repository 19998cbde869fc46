/// The second half of a project's id, derived from its display name when the project is created.
///
/// Source: docs/api.md#create-project.
package enum ShortName {
    /// Derives a short name from a display name.
    ///
    /// Letters become lower case, spaces and `_` become `-`, and all characters except ASCII letters, digits and `-`
    /// are dropped. The result is truncated to 100 characters before the number is appended.
    ///
    /// - Parameters:
    ///   - name: Display name.
    ///   - attempt: The number to append after `_`; 0 appends nothing.
    /// - Returns: The short name. If no character of the display name remains, it is derived from `project`.
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
