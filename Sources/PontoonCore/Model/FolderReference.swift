/// A caller's reference to a folder.
package enum FolderReference: Hashable, Sendable {
    /// The root folder of a project.
    case project(ProjectID)
    case folder(id: String)
}
