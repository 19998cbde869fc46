/// A check of the bytes of new files.
///
/// It runs once the bytes of a file are durable and before anybody can see the file, for each way in which bytes
/// arrive; copies of files are not checked again.
package protocol FileValidator: Sendable {
    /// Checks a file.
    ///
    /// - Throws: `.completeRefused` with the reason if the file is refused; `.unavailable` if it could not be checked;
    ///   `CancellationError`.
    func validate(_ file: UnvalidatedFile) async throws
}

/// A file whose bytes are durable, but that does not exist yet.
package struct UnvalidatedFile: Sendable {
    /// Id of the upload; `nil` if the file was sent in one call or in an archive.
    package let uploadID: String?
    package let name: String
    package let destination: Upload.Destination
    /// The user who sent the file, or who created the upload link through which it came.
    package let userName: String
    /// Whether the file came through an upload link.
    package let isFromSender: Bool
    /// The stored bytes.
    package let content: FileContent
    /// Labels that the file will have.
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

    /// Describes a file that is sent without an upload.
    ///
    /// - Returns: The description; `nil` for a folder.
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
