/// A folder as a caller names it.
package enum FolderReference: Hashable, Sendable {
    /// The root folder of a project.
    case project(ProjectID)
    case folder(id: String)
}
