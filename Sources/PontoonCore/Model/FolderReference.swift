/// A caller's reference to a folder, by project or by id.
package enum FolderReference: Hashable, Sendable {
    /// The root folder of a project.
    case project(ProjectID)
    case folder(id: String)
}
