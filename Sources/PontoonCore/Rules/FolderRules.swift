/// Limits on folders.
///
/// Source: docs/api.md#limits.
package enum FolderRules {
    /// Maximum level of a folder that is created or moved.
    ///
    /// The folders in a project's root folder have level 1.
    ///
    /// The limit bounds the time needed to find all ancestors of a folder. Moving a folder can give its subfolders a
    /// higher level, because only the level of the folder itself is checked.
    package static let maximumLevel = 200
}
