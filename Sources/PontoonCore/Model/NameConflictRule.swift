/// The action of a call that creates a file if the folder already has an entry with the file's name.
///
/// The raw value is the rule's name in the API. A folder with the name makes every rule but `rename` fail.
package enum NameConflictRule: String, CaseIterable, Sendable {
    /// Refuses the file.
    case fail
    /// Keeps the existing file.
    case skip
    /// Replaces the existing file.
    case overwrite
    /// Chooses a free name; see ``NumberedName/forNewFile(_:attempt:)``.
    case rename

    /// Returns whether the rule refuses a file because of an existing entry with its name.
    package func refuses(_ existing: File.Kind) -> Bool {
        switch self {
        case .fail: true
        case .skip, .overwrite: existing == .folder
        case .rename: false
        }
    }
}
