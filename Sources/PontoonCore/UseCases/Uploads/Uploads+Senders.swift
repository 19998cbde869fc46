/// The use cases of senders, who upload through an upload link.
extension Uploads {
    /// Returns a copy of these use cases that can access only the uploads of a sender's session.
    package func of(_ session: SenderSession) -> Uploads {
        Uploads(self, for: UploadAccess(metadata: metadata, namespace: .files, session: session.id))
    }

    /// Creates an upload to the sender's own folder, on behalf of the link's creator.
    ///
    /// The file's metadata will contain the name of the link and, if given, the sender's name.
    ///
    /// - Parameters:
    ///   - content: The declared content. Its size is required.
    ///   - path: Names of nested folders in the sender's own folder, outermost first. Folders that do not exist are
    ///     created.
    ///   - session: The sender's session.
    /// - Returns: The upload.
    /// - Throws: `.initializeInvalid` if the size is unknown or the path is invalid; `.metadataInvalid`, or
    ///   `.badRequest` for invalid tags; `.limitReached` if the link does not accept the file or more folders, or its
    ///   creator has too many unfinished uploads; `.nameTaken` or `.folderExists` if a name is taken;
    ///   `.destinationNotFound` if the link's folder does not exist; `.noRoom` if there is not enough space, or the
    ///   object store refuses the upload; `.quotaExceeded`; `.notAuthenticated` if the link was revoked in the
    ///   meantime; `.destinationForbidden` if the project is locked.
    package func initialize(
        _ content: DeclaredContent,
        path: [String],
        session: SenderSession
    ) async throws -> Upload {
        var content = content
        guard let size = content.size else {
            throw PontoonError(.initializeInvalid, "The field 'size' is required for uploads through an upload link.")
        }
        try UploadLinkRules.check(path: path)
        content.labels = session.labels(of: content.labels)
        try content.labels.check()
        let project = try await metadata.project(
            session.link.project,
            for: session.link.createdBy,
            reading: .cached
        )
        if project?.project.isLocked == true {
            throw PontoonError.projectLocked(session.link.project, .destinationForbidden)
        }
        // Checked here so that no folders are created if the link is full, and again when the upload is added.
        guard let summary = try await metadata.uploadLink(session.link.id) else {
            throw PontoonError.uploadLinkRevoked
        }
        try UploadLinkRules.checkRoom(for: size, in: summary.link.details.limits, summary.usage)
        let folder = try await metadata.folder(
            of: session,
            path: path,
            now: now(),
            maximumFolders: UploadLinkRules.maximumFolders
        )
        try await checkName(content.name, in: folder, .fail, mayOverwrite: false)
        return try await begin(
            content,
            for: .folder(id: folder, project: session.link.project, wasGivenByFolder: true),
            rule: .fail,
            userName: session.link.createdBy,
            senderSession: session.id
        )
    }
}
