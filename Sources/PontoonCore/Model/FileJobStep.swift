package import PontoonFoundation

/// A step of a job: at most one change of files, with the progress after it.
///
/// A store performs it in one transaction.
package struct FileJobStep: Sendable {
    /// A change of files.
    package enum Action: Sendable {
        case copy(String, FileCopy)
        case move(String, FileMove)
        /// Deletes a file or an empty folder.
        case delete(String)
        /// Adds a folder, unless its parent already has a folder of this name; see ``FileJobStore``.
        case makeFolder(File)
    }

    package var action: Action?
    /// The progress after the step.
    package var progress: FileJobProgress
    /// The name of the last entry that the step visits in the folder that is current before the step; `nil` if the step
    /// visits none.
    package var visited: String?
    /// Id of a folder that becomes the current one.
    ///
    /// The result of ``action``, if it is a folder, becomes its destination.
    package var entered: String?
    /// Whether the folder of ``Action/makeFolder(_:)`` gets the current name of ``entered``.
    package var keepsName = false
    /// Whether the folder that is current before the step is left.
    package var leaves = false
    /// Depth of a folder that is left, with the folders in it, because it is no longer where the job found it.
    package var abandoned: Int?
    /// Id of the folder in which an item was found; `nil` if the step does not start an item.
    ///
    /// All other entries must be in the folder that is current before the step.
    package var parent: String?
    /// Position of the item to which the step belongs.
    package var item: Int
    /// Whether the result of ``action`` is the result of the item.
    package var isResult = false
    /// A failure, which becomes that of the item unless there was an earlier one.
    package var failure: FileJobFailure?

    /// Creates a step of the current item that changes nothing.
    package init(at progress: FileJobProgress) {
        self.progress = progress
        item = progress.item
    }
}

/// The new place of a file that is moved, possibly to another project.
package struct FileMove: Hashable, Sendable {
    /// Project of the destination folder.
    package let project: ProjectID
    /// Id of the destination folder.
    package let parent: String
    /// New name; `nil` keeps the current one.
    ///
    /// If it is taken, it gets a number as a prefix; see ``NumberedName``.
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
    /// The step was performed; with the copied or moved file, or the folder of `.makeFolder`.
    case done(File?)
    /// The lease was lost, and nothing was changed.
    case lost
    /// The item or entry is no longer in the folder in which it was found, and nothing was changed.
    case entryLeft
    /// The folder at a depth is no longer in the folder above it, and nothing was changed.
    case folderLeft(Int)
}
