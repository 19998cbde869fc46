package import PontoonFoundation

/// A request to copy, move or delete files and folders, which servers carry out in the background.
package struct FileJob: Hashable, Sendable {
    /// The action of a job on its items; the raw value is the last part of the path of the call that submits it.
    package enum Kind: String, CaseIterable, Sendable {
        case copy, move, delete
    }

    /// The stage of a job; the raw value in upper case is its name in the API.
    package enum State: String, CaseIterable, Sendable {
        /// No server has worked on the job.
        case submitted
        /// The files in its folders are being counted.
        case resolving
        case running
        case finished
    }

    /// A UUID.
    package let id: String
    package let kind: Kind
    /// The user who submitted the job, on whose behalf it runs.
    package let userName: String
    /// Id of the token with which the job was submitted, whose rights limit it; `nil` if it was submitted without one.
    package let tokenID: String?
    package let createdOn: Date
    package let startedOn: Date?
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

/// How far a job has advanced.
///
/// The items are visited twice in order: while `.resolving`, to count files, and while `.running`, to process them.
package struct FileJobProgress: Hashable, Sendable {
    package var state: FileJob.State
    /// Position of the current item.
    ///
    /// While `.running`, the earlier items are done; afterwards, all are.
    package var item: Int
    /// Number of folders that are being visited, from the current item to the current folder; 0 if there are none.
    package var depth: Int
    /// Number of files; a missing item counts as one.
    ///
    /// While `.resolving`, only the files counted so far; while `.running`, at least the number of files that were
    /// processed; when `.finished`, this number.
    package var totalFiles: Int
    package var completedFiles: Int
    /// Number of files that failed; an item or folder that fails as a whole counts as one.
    package var failedFiles: Int
    /// Number of files and folders that were visited in this state; see ``FileJobRules/maximumEntries``.
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
    /// The destination; `nil` if the job deletes.
    package let destination: FolderReference?
    /// The name at the destination; `nil` keeps the current one.
    package let name: String?

    package init(file: String, destination: FolderReference? = nil, name: String? = nil) {
        self.file = file
        self.destination = destination
        self.name = name
    }
}

/// The result of an item.
package enum FileJobResult: Hashable, Sendable {
    /// The item was copied or moved to this file or folder.
    case file(FileJobFile)
    /// The file or folder with this id was deleted.
    case deleted(String)
    /// The item failed; for a folder, the first failure of its contents.
    case failed(FileJobFailure)
}

/// A file or folder as it was right after a job had copied or moved it.
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

/// The reason why an item of a job failed.
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
    /// Name of the last entry that was visited; `nil` if none was.
    package var after: String?

    package init(source: String, destination: String?, after: String? = nil) {
        self.source = source
        self.destination = destination
        self.after = after
    }
}

/// An entry of a folder that a job is visiting.
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
