/// Limits of folders.
///
/// Source: docs/api.md#limits.
package enum FolderRules {
    /// Maximum level of a new folder, and of a folder that is moved; the folders in the root folder of a project have
    /// level 1.
    ///
    /// It bounds the searches for the folders above another one. The subfolders of a folder that is moved can be
    /// deeper, because their level is not checked.
    package static let maximumLevel = 200
}
