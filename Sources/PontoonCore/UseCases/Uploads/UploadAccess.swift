/// Finds uploads for a caller.
///
/// File uploads and code-package uploads are separate namespaces; neither is visible through the other's endpoints.
struct UploadAccess: Sendable {
    let metadata: any MetadataStore
    let namespace: Upload.Namespace

    /// An upload in any state.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - caller: Its initiator, who must still be allowed to write into the project, or an admin of the project.
    ///   - mayProgress: Whether the call may contribute to a file. Initiators may always query and abort their uploads,
    ///     even after losing their membership.
    /// - Returns: The upload.
    /// - Throws: `.uploadNotFound`, also for users without access; `.uploadForbidden`.
    func upload(_ id: String, caller: User, mayProgress: Bool = true) async throws -> Upload {
        guard let upload = try await metadata.upload(id), upload.namespace == namespace else {
            throw PontoonError.uploadNotFound
        }
        let isOwn = upload.userName == caller.name
        if isOwn, !mayProgress { return upload }
        guard case .folder(_, let project, _) = upload.destination else {
            // An automation is visible to its owner only.
            if isOwn { return upload }
            throw PontoonError.uploadNotFound
        }
        let permissions = try await metadata.permissions(of: caller.name, in: project)
        if let permissions, permissions.allows(isOwn ? .write : .admin) { return upload }
        // Without a membership, the upload may also have been deleted with its project between the two queries.
        if permissions == nil {
            guard isOwn, try await metadata.upload(id) != nil else { throw PontoonError.uploadNotFound }
        }
        if isOwn { throw PontoonError.uploadNotWritable }
        throw PontoonError(.uploadForbidden, "You cannot use this upload. It belongs to another user.")
    }

    /// An upload that has not become a file, for calls that do not contribute to one.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`.
    func unfinished(_ id: String, caller: User) async throws -> Upload {
        let upload = try await upload(id, caller: caller, mayProgress: false)
        guard upload.state != .completed else { throw PontoonError.uploadNotFound }
        return upload
    }

    /// An upload that accepts parts.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`; `.partUnavailable` while the upload is being completed.
    func active(_ id: String, caller: User) async throws -> Upload {
        if let cached = try await cachedActive(id, caller: caller) { return cached }
        let upload = try await upload(id, caller: caller)
        switch upload.state {
        case .active: return upload
        case .completing: throw PontoonError.uploadCompleting
        case .completed: throw PontoonError.uploadNotFound
        }
    }

    /// The usual case, without a query: the initiator continues an active upload.
    ///
    /// - Returns: `nil` if the cached rows do not show this; the store must then be queried.
    func cachedActive(_ id: String, caller: User) async throws -> Upload? {
        guard let upload = try await metadata.upload(id, reading: .cached), upload.namespace == namespace,
            upload.state == .active, upload.userName == caller.name
        else { return nil }
        guard case .folder(_, let project, _) = upload.destination else { return upload }
        let permissions = try await metadata.permissions(of: caller.name, in: project, reading: .cached)
        return permissions?.allows(.write) == true ? upload : nil
    }
}
