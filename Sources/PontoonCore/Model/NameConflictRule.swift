/// The action to take if the name of a new file is already taken in its folder.
///
/// The raw value is the rule's name in the API. If a folder has the name, every rule except ``rename`` refuses the
/// file.
package enum NameConflictRule: String, CaseIterable, Sendable {
    /// Refuses the file.
    case fail
    /// Keeps the existing file and discards the new one.
    case skip
    /// Replaces the existing file.
    case overwrite
    /// Stores the new file under a free name; see ``NumberedName/forNewFile(_:attempt:)``.
    case rename

    /// Returns whether the rule refuses a new file if an existing entry of this kind has its name.
    package func refuses(_ existing: File.Kind) -> Bool {
        switch self {
        case .fail: true
        case .skip, .overwrite: existing == .folder
        case .rename: false
        }
    }
}
