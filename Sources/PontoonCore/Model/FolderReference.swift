/// A folder as a caller refers to it.
package enum FolderReference: Hashable, Sendable {
    /// The root folder of a project.
    case project(ProjectID)
    case folder(id: String)
}
