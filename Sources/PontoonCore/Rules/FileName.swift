/// Rules for names of files and folders.
///
/// Source: docs/api.md#names.
package enum FileName {
    /// Maximum length of a name in Unicode scalars.
    package static let maximumScalars = 255

    /// Checks the name of a file or folder.
    ///
    /// - Returns: The problem, as a sentence for the caller; `nil` if the name is valid: 1 to 255 Unicode scalars, none
    ///   of them `/` or a control character, and neither `.` nor `..`. The name of a folder must not start with `__`.
    package static func problem(with name: String, kind: File.Kind = .file) -> String? {
        // Checked first, because the comparisons below take too long for long text; see ``CombiningMarks``.
        if name.unicodeScalars.count > maximumScalars {
            return "The name must have at most \(maximumScalars) characters."
        }
        if name.isEmpty { return "The name must not be empty." }
        if name == "." || name == ".." { return "The name must not be '.' or '..'." }
        if name.unicodeScalars.contains("/") { return "The name must not contain '/'." }
        if name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "The name must not contain control characters."
        }
        if kind == .folder, name.hasPrefix("__") { return "The name of a folder must not start with '__'." }
        return nil
    }
}
