/// Names for a copy if the original's name is taken in the destination folder.
///
/// Source: docs/api.md#copy-files.
package enum NumberedName {
    /// Returns the next name to try.
    ///
    /// - Parameters:
    ///   - name: Name of the original.
    ///   - attempt: Number of names already tried, 0 or more.
    /// - Returns: `name` for attempt 0, then `1_{name}`, `2_{name}`, …
    /// - Throws: `.fileNameInvalid` if the number makes the name too long.
    package static func candidate(_ name: String, attempt: Int) throws(PontoonError) -> String {
        guard attempt > 0 else { return name }
        let numbered = "\(attempt)_\(name)"
        if let problem = FileName.problem(with: numbered) { throw PontoonError(.fileNameInvalid, problem) }
        return numbered
    }
}
