/// Lookup of uploads for a caller, with permission checks.
///
/// The uploads of files and of code packages are separate namespaces. An upload is visible only through the endpoints
/// of its namespace.
struct UploadAccess: Sendable {
    let metadata: any MetadataStore
    let namespace: Upload.Namespace
    /// Id of the session of a sender, who sees only the uploads of this session; `nil` for a user.
    var session: String?

    /// Finds an upload in any state.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - caller: The initiator, who must still be allowed to write to the project, or an admin of the project.
    ///   - mayProgress: Whether the call contributes to the file. If `false`, initiators need no permission, so that
    ///     they can query and abort their uploads even after their membership has ended.
    /// - Returns: The upload.
    /// - Throws: `.uploadNotFound` if the upload does not exist or is not visible to the caller; `.uploadForbidden` if
    ///   the caller lacks the permission. If `mayProgress` is `true`, also `.uploadForbidden` if the project of an
    ///   unfinished upload is locked, or if the upload would replace a file and the token does not allow it.
    func upload(_ id: String, caller: Caller, mayProgress: Bool = true) async throws -> Upload {
        guard let upload = try await metadata.upload(id), isVisible(upload, to: caller) else {
            throw PontoonError.uploadNotFound
        }
        guard !mayProgress || Self.mayProgress(upload, caller) else {
            throw PontoonError(.uploadForbidden, "A token with the scope 'upload' cannot replace a file.")
        }
        let isOwn = upload.userName == caller.name
        if isOwn, !mayProgress { return upload }
        guard case .folder(_, let project, _) = upload.destination else {
            // An automation is visible only to its owner.
            if isOwn { return upload }
            throw PontoonError.uploadNotFound
        }
        let permissions = try await metadata.permissions(of: caller.name, in: project)
        if let permissions, permissions.allows(isOwn ? .write : .admin) {
            // This includes uploads in the state `completing`, because the server that completed them may have died.
            if mayProgress, upload.state != .completed, try await isLocked(project, for: caller) {
                throw PontoonError.projectLocked(project, .uploadForbidden)
            }
            return upload
        }
        // If the caller is not a member, the project may have been deleted with the upload between the two queries.
        if permissions == nil {
            guard isOwn, try await metadata.upload(id) != nil else { throw PontoonError.uploadNotFound }
        }
        if isOwn { throw PontoonError.uploadNotWritable }
        throw PontoonError(
            .uploadForbidden,
            "This upload belongs to another user; you need the 'admin' permission in its project."
        )
    }

    /// Returns whether a project is locked, according to a row that may be up to one second old.
    private func isLocked(_ project: ProjectID, for caller: Caller) async throws -> Bool {
        try await metadata.project(project, for: caller.name, reading: .cached)?.project.isLocked == true
    }

    private func isVisible(_ upload: Upload, to caller: Caller) -> Bool {
        upload.namespace == namespace && (session == nil || upload.senderSession == session)
            && (!caller.isLimited || caller.rights.includes(upload.destination))
    }

    /// Returns whether the caller's token may contribute to an upload, which may have been created with another token.
    private static func mayProgress(_ upload: Upload, _ caller: Caller) -> Bool {
        !upload.overwrite || caller.rights.scope != .upload
    }

    /// Finds an upload that is not completed, for calls that do not contribute to its file.
    ///
    /// - Throws: `.uploadNotFound` if the upload is completed, does not exist or is not visible to the caller;
    ///   `.uploadForbidden`.
    func unfinished(_ id: String, caller: Caller) async throws -> Upload {
        let upload = try await upload(id, caller: caller, mayProgress: false)
        guard upload.state != .completed else { throw PontoonError.uploadNotFound }
        return upload
    }

    /// Finds an upload that accepts parts.
    ///
    /// - Throws: `.uploadNotFound` if the upload is completed, does not exist or is not visible to the caller;
    ///   `.uploadForbidden`; `.partUnavailable` while the upload is being completed.
    func active(_ id: String, caller: Caller) async throws -> Upload {
        if let cached = try await cachedActive(id, caller: caller) { return cached }
        let upload = try await upload(id, caller: caller)
        switch upload.state {
        case .active: return upload
        case .completing: throw PontoonError.uploadCompleting
        case .completed: throw PontoonError.uploadNotFound
        }
    }

    /// Finds an active upload of the caller in rows that may be up to one second old.
    ///
    /// - Returns: The upload; `nil` if these rows contain no active upload that the caller may write to. The latest
    ///   rows may still contain one.
    func cachedActive(_ id: String, caller: Caller) async throws -> Upload? {
        guard let upload = try await metadata.upload(id, reading: .cached), isVisible(upload, to: caller),
            upload.state == .active, upload.userName == caller.name, Self.mayProgress(upload, caller)
        else { return nil }
        guard case .folder(_, let project, _) = upload.destination else { return upload }
        let permissions = try await metadata.permissions(of: caller.name, in: project, reading: .cached)
        guard permissions?.allows(.write) == true, try await !isLocked(project, for: caller) else { return nil }
        return upload
    }
}
