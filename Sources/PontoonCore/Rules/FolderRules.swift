/// Limits on folders.
///
/// Source: docs/api.md#limits.
package enum FolderRules {
    /// Maximum level of a folder that is created or moved.
    ///
    /// The folders in a project's root folder have level 1.
    ///
    /// The limit bounds the time needed to find all ancestors of a folder. The subfolders of a folder that is moved may
    /// be deeper, because their level is not checked.
    package static let maximumLevel = 200
}
