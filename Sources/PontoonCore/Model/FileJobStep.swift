package import PontoonFoundation

/// A step of a job: at most one change to a file or folder, and the progress of the job after the change.
///
/// The store performs a step in one transaction. In this type, the current folder is the folder that is being visited
/// before the step.
package struct FileJobStep: Sendable {
    /// A change to a file or folder.
    package enum Action: Sendable {
        case copy(String, FileCopy)
        case move(String, FileMove)
        /// Deletes a file or an empty folder.
        case delete(String)
        /// Adds a folder, or uses the existing folder with the same name and parent; see ``FileJobStore``.
        case makeFolder(File)
    }

    package var action: Action?
    /// The progress after the step.
    package var progress: FileJobProgress
    /// Name of the last entry of the current folder that the step visits; `nil` if it visits none.
    package var visited: String?
    /// Id of the folder that the step enters; `nil` if it enters none.
    ///
    /// If ``action`` is ``Action/makeFolder(_:)``, the resulting folder becomes the destination of the entries of this
    /// folder.
    package var entered: String?
    /// Whether ``Action/makeFolder(_:)`` uses the name that the folder ``entered`` has when the step is performed.
    package var keepsName = false
    /// Whether the step leaves the current folder.
    package var leaves = false
    /// Depth of the outermost folder that the step abandons; `nil` if it abandons none.
    ///
    /// The job leaves this folder and all visited folders inside it without processing their other entries, because the
    /// folder was moved or deleted, or the job has reached ``FileJobRules/maximumEntries``.
    package var abandoned: Int?
    /// Id of the folder in which the item was found; `nil` if the step does not start an item.
    ///
    /// The step is performed only if the item is still there. Any other entry must still be in the current folder.
    package var parent: String?
    /// Position of the item to which the step belongs.
    package var item: Int
    /// Whether the result of ``action`` is the result of the item.
    package var isResult = false
    /// A failure, which is recorded as the failure of the item unless the item already has one.
    package var failure: FileJobFailure?

    /// Creates a step that belongs to the current item and changes nothing.
    package init(at progress: FileJobProgress) {
        self.progress = progress
        item = progress.item
    }
}

/// The destination of a file that is moved, possibly to another project.
package struct FileMove: Hashable, Sendable {
    /// Project of the destination folder.
    package let project: ProjectID
    /// Id of the destination folder.
    package let parent: String
    /// New name; `nil` keeps the current name.
    ///
    /// If the name is taken, a number is added as a prefix; see ``NumberedName``.
    package let name: String?
    /// The new modification time.
    package let movedOn: Date

    package init(project: ProjectID, parent: String, name: String?, movedOn: Date) {
        self.project = project
        self.parent = parent
        self.name = name
        self.movedOn = movedOn
    }
}

/// The result of a step.
package enum FileJobStepResult: Hashable, Sendable {
    /// The step was performed. Contains the copied or moved file, or the folder of `.makeFolder`; `nil` for any other
    /// step.
    case done(File?)
    /// The lease was lost, and nothing was changed.
    case lost
    /// The item or entry is no longer in the folder in which it was found, and nothing was changed.
    case entryLeft
    /// The visited folder at this depth is no longer in the folder above it, and nothing was changed.
    case folderLeft(Int)
}
