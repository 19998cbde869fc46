/// The names that a copied, moved or new file or folder can get if the requested name is taken.
///
/// Source: docs/api.md#copy-files, docs/api.md#a-file-in-one-call.
package enum NumberedName {
    /// Returns the name to try for a file or folder that is copied or moved.
    ///
    /// - Parameters:
    ///   - name: The requested name.
    ///   - attempt: The number to add to the name; 0 adds none.
    /// - Returns: `name` for attempt 0, `1_{name}` for attempt 1, `2_{name}` for attempt 2, and so on.
    /// - Throws: `.fileNameInvalid` if the number makes the name too long.
    package static func candidate(_ name: String, attempt: Int) throws(PontoonError) -> String {
        try candidate(name, attempt: attempt, prefix: "")
    }

    /// Returns the name to try for a new file with ``NameConflictRule/rename``.
    ///
    /// - Parameters:
    ///   - name: The requested name.
    ///   - attempt: The number to add to the name; 0 adds none.
    /// - Returns: `name` for attempt 0, `_1_{name}` for attempt 1, `_2_{name}` for attempt 2, and so on, like the
    ///   platform's names for imported files.
    /// - Throws: `.fileNameInvalid` if the number makes the name too long.
    package static func forNewFile(_ name: String, attempt: Int) throws(PontoonError) -> String {
        try candidate(name, attempt: attempt, prefix: "_")
    }

    private static func candidate(_ name: String, attempt: Int, prefix: String) throws(PontoonError) -> String {
        guard attempt > 0 else { return name }
        let numbered = "\(prefix)\(attempt)_\(name)"
        if let problem = FileName.problem(with: numbered) { throw PontoonError(.fileNameInvalid, problem) }
        return numbered
    }
}
