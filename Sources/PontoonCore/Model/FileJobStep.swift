package import PontoonFoundation

/// A step of a job: at most one change to a file or folder, and the progress of the job after the change.
///
/// The store performs a step in one transaction. "The current folder" means the folder that the job is visiting before
/// the step.
package struct FileJobStep: Sendable {
    /// A change to a file or folder.
    package enum Action: Sendable {
        /// Copies the file with this id.
        case copy(String, FileCopy)
        /// Moves the file with this id.
        case move(String, FileMove)
        /// Deletes the file or empty folder with this id.
        case delete(String)
        /// Adds a folder, or uses the existing folder with the same name and parent; see
        /// ``FileJobStore/perform(_:ofFileJob:_:now:)``.
        case makeFolder(File)
    }

    /// The change to perform; `nil` if the step only updates the progress.
    package var action: Action?
    /// The progress of the job after the step.
    package var progress: FileJobProgress
    /// Name of the last entry of the current folder that the step visits; `nil` if it visits none.
    package var visited: String?
    /// Id of the folder that the step enters; `nil` if it enters none.
    ///
    /// If ``action`` is ``Action/makeFolder(_:)``, the entries of the entered folder are then copied or moved to the
    /// resulting folder.
    package var entered: String?
    /// Whether ``Action/makeFolder(_:)`` ignores the given name and uses the name that the folder ``entered`` has when
    /// the step is performed.
    package var keepsName = false
    /// Whether the step leaves the current folder.
    package var leaves = false
    /// Depth of the outermost folder that the step abandons; `nil` if it abandons none.
    ///
    /// The job leaves this folder and all visited folders inside it without processing their other entries, because the
    /// folder was moved or deleted, or the job has reached ``FileJobRules/maximumEntries``.
    package var abandoned: Int?
    /// Id of the folder in which the item was found; `nil` if the step neither changes nor enters an item.
    ///
    /// The step is performed only if the item is still in this folder. An entry of the current folder is checked in the
    /// same way, without setting this property.
    package var parent: String?
    /// Position of the item whose result or failure the step records.
    package var item: Int
    /// Whether the result of ``action`` is the result of the item.
    package var isResult = false
    /// The failure to record for the item, unless the item already has one; `nil` if nothing failed.
    package var failure: FileJobFailure?

    /// Creates a step for the current item that performs no action and changes no progress.
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
    /// New name of the file; `nil` keeps the current name.
    ///
    /// If another entry of the destination folder already has the name, a number is added as a prefix; see
    /// ``NumberedName``.
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
    /// The step was performed. The value is the copied or moved file, or the new or existing folder of
    /// ``FileJobStep/Action/makeFolder(_:)``; `nil` after any other step.
    case done(File?)
    /// The job is finished, or not leased under the given id. Nothing was changed.
    case lost
    /// The item or entry was moved or deleted since it was found. Nothing was changed.
    case entryLeft
    /// The visited folder at this depth was deleted, or moved out of the folder in which it was found. Nothing was
    /// changed.
    case folderLeft(Int)
}
