package import PontoonFoundation

/// A request to copy, move or delete files and folders in the background.
package struct FileJob: Hashable, Sendable {
    /// The action that a job performs on its items.
    ///
    /// The raw value is the last segment of the path to which jobs of this kind are submitted.
    package enum Kind: String, CaseIterable, Sendable {
        case copy, move, delete
    }

    /// The stage of a job.
    ///
    /// Its name in the API is the raw value in upper case.
    package enum State: String, CaseIterable, Sendable {
        /// No step of the job has been performed.
        case submitted
        /// The files in the items are being counted.
        case resolving
        /// The items are being processed, in order.
        case running
        case finished
    }

    /// A UUID.
    package let id: String
    package let kind: Kind
    /// The user who submitted the job and whose permissions apply to it.
    package let userName: String
    /// Id of the token with which the job was submitted; `nil` if no token was used.
    ///
    /// The job can do only what the rights of this token allow. If the token is revoked, the remaining items fail.
    package let tokenID: String?
    package let createdOn: Date
    /// Time at which a server first leased the job; `nil` if none has.
    package let startedOn: Date?
    /// Time at which the job reached the state `.finished`; `nil` before.
    package let finishedOn: Date?
    package let progress: FileJobProgress

    package init(
        id: String,
        kind: Kind,
        userName: String,
        tokenID: String?,
        createdOn: Date,
        startedOn: Date? = nil,
        finishedOn: Date? = nil,
        progress: FileJobProgress = FileJobProgress()
    ) {
        self.id = id
        self.kind = kind
        self.userName = userName
        self.tokenID = tokenID
        self.createdOn = createdOn
        self.startedOn = startedOn
        self.finishedOn = finishedOn
        self.progress = progress
    }
}

/// The progress of a job.
///
/// A job visits its items twice, each time in order: in the state `.resolving` to count their files, and in the state
/// `.running` to process them.
package struct FileJobProgress: Hashable, Sendable {
    package var state: FileJob.State
    /// Position of the current item, from 0.
    ///
    /// In the state `.running`, all items before it have been processed. In the state `.finished`, this is the number
    /// of items.
    package var item: Int
    /// Depth of the folder that is being visited, where 1 means the current item itself; 0 if no folder is being
    /// visited.
    package var depth: Int
    /// Expected number of files in all items; an item that does not exist counts as one file.
    ///
    /// In the state `.resolving`, the number of files counted so far. Files beyond ``FileJobRules/maximumEntries`` or
    /// ``FileJobRules/maximumDepth`` are not counted. In the state `.running`, never less than ``completedFiles`` plus
    /// ``failedFiles``; in the state `.finished`, equal to this sum.
    package var totalFiles: Int
    /// Number of files that were copied, moved or deleted.
    package var completedFiles: Int
    /// Number of failures.
    ///
    /// An item or folder that cannot be processed counts as one file. A folder that cannot be deleted after its entries
    /// does not count.
    package var failedFiles: Int
    /// Number of files and folders visited in the current state.
    ///
    /// At ``FileJobRules/maximumEntries``, a job in the state `.resolving` stops counting; in the state `.running`, the
    /// current item and all remaining items fail.
    package var entries: Int

    package init(
        state: FileJob.State = .submitted,
        item: Int = 0,
        depth: Int = 0,
        totalFiles: Int = 0,
        completedFiles: Int = 0,
        failedFiles: Int = 0,
        entries: Int = 0
    ) {
        self.state = state
        self.item = item
        self.depth = depth
        self.totalFiles = totalFiles
        self.completedFiles = completedFiles
        self.failedFiles = failedFiles
        self.entries = entries
    }
}

/// A file or folder that a job copies, moves or deletes.
package struct FileJobItem: Hashable, Sendable {
    /// Id of the file or folder.
    package let file: String
    /// The destination folder; `nil` if the job deletes the item.
    package let destination: FolderReference?
    /// The name at the destination; `nil` if the current name is kept or the job deletes the item.
    package let name: String?

    package init(file: String, destination: FolderReference? = nil, name: String? = nil) {
        self.file = file
        self.destination = destination
        self.name = name
    }
}

/// The result of processing one item of a job.
package enum FileJobResult: Hashable, Sendable {
    /// The file or folder that resulted from copying or moving the item.
    case file(FileJobFile)
    /// The file or folder with this id was deleted.
    case deleted(String)
    /// The item failed, wholly or in part. If several entries of a folder failed, this is the first failure.
    case failed(FileJobFailure)
}

/// The file or folder that resulted from copying or moving an item, as it was immediately after that step.
package struct FileJobFile: Hashable, Sendable {
    package let id: String
    package let name: String
    package let kind: File.Kind
    package let project: ProjectID
    package let parent: String

    package init(id: String, name: String, kind: File.Kind, project: ProjectID, parent: String) {
        self.id = id
        self.name = name
        self.kind = kind
        self.project = project
        self.parent = parent
    }
}

/// The reason why a file or folder could not be processed.
package struct FileJobFailure: Hashable, Sendable {
    package let code: PontoonError.Code
    package let message: String

    package init(code: PontoonError.Code, message: String) {
        self.code = code
        self.message = message
    }

    package init(_ error: PontoonError) { self.init(code: error.code, message: error.message) }
}

/// A folder whose entries a job is visiting.
package struct FileJobFolder: Hashable, Sendable {
    /// Id of the folder.
    package let source: String
    /// Id of the folder to which its entries are copied or moved; `nil` while they are counted or deleted.
    package let destination: String?
    /// Name of the last visited entry; `nil` if no entry has been visited.
    package var after: String?

    package init(source: String, destination: String?, after: String? = nil) {
        self.source = source
        self.destination = destination
        self.after = after
    }
}

/// A file or folder that a job visits: an item, or an entry of a folder.
package struct FolderEntry: Hashable, Sendable {
    package let id: String
    package let name: String
    package let kind: File.Kind

    package init(id: String, name: String, kind: File.Kind) {
        self.id = id
        self.name = name
        self.kind = kind
    }
}
