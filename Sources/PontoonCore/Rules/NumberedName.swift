/// The names to try for a copy or a new file whose name is taken in the destination folder.
///
/// Source: docs/api.md#copy-files, docs/api.md#a-file-in-one-call.
package enum NumberedName {
    /// Returns the next name to try.
    ///
    /// - Parameters:
    ///   - name: Name of the original.
    ///   - attempt: How many names were tried before, from 0.
    /// - Returns: `name` for attempt 0, then `1_{name}`, `2_{name}`, …
    /// - Throws: `.fileNameInvalid` if the number makes the name too long.
    package static func candidate(_ name: String, attempt: Int) throws(PontoonError) -> String {
        try candidate(name, attempt: attempt, prefix: "")
    }

    /// Returns the next name to try for a new file with ``NameConflictRule/rename``.
    ///
    /// - Parameters:
    ///   - name: The requested name.
    ///   - attempt: How many names were tried before, from 0.
    /// - Returns: `name` for attempt 0, then `_1_{name}`, `_2_{name}`, …, which is how the platform names imported
    ///   files.
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
