/// A check of the contents of new files.
///
/// Runs after the bytes of a file are durable and before the file becomes visible, regardless of how the client sent
/// the file. Copies of files are not checked again.
package protocol FileValidator: Sendable {
    /// Checks a file, and returns if it is accepted.
    ///
    /// - Throws: `.completeRefused`, with a reason for the client, if the file is refused; `.unavailable` if it could
    ///   not be checked; `CancellationError` if the task is cancelled.
    func validate(_ file: UnvalidatedFile) async throws
}

/// A file whose bytes are durable, but which is not visible yet.
package struct UnvalidatedFile: Sendable {
    /// Id of the upload; `nil` if the file was sent without an upload, in one call or in an archive.
    package let uploadID: String?
    package let name: String
    package let destination: Upload.Destination
    /// The user who sent the file, or who created the upload link through which it was sent.
    package let userName: String
    /// Whether the file was sent through an upload link.
    package let isFromSender: Bool
    /// The object that contains the bytes, with its size and checksums.
    package let content: FileContent
    package let labels: FileLabels

    package init(_ finished: FinishedUpload) {
        let upload = finished.upload
        uploadID = upload.id
        name = upload.name
        destination = upload.destination
        userName = upload.userName
        isFromSender = upload.senderSession != nil
        content = finished.content
        labels = finished.labels
    }

    /// Describes a file that was sent without an upload.
    ///
    /// - Returns: `nil` for a folder.
    package init?(_ file: File, by userName: String) {
        guard let content = file.content, let parent = file.parent else { return nil }
        uploadID = nil
        name = file.name
        destination = .folder(id: parent, project: file.project, wasGivenByFolder: true)
        self.userName = userName
        isFromSender = false
        self.content = content
        labels = FileLabels(metadata: file.metadata, tags: file.tags)
    }
}
