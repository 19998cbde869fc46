package import PontoonFoundation

/// The use cases that create, list, change and revoke upload links.
///
/// A member with the `write` permission can manage all links of a project. ``SenderSessions`` signs senders in.
package struct UploadLinks: Sendable {
    private let metadata: any MetadataStore
    private let access: Access
    private let passwords: any PasswordHashing
    private let garbage: GarbageCollector
    package let now: @Sendable () -> Date

    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        passwords: any PasswordHashing,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.access = Access(metadata: metadata)
        self.passwords = passwords
        self.garbage = GarbageCollector(metadata: metadata, objects: objects)
        // The metadata store stores times in milliseconds.
        self.now = { @Sendable in now().wholeMilliseconds }
    }

    /// Creates a link to a folder, or to the root folder of a project.
    ///
    /// The change must contain a name. Without an expiry time, the link expires after
    /// ``UploadLinkRules/defaultLifetime``. Only the hash of the secret is stored, so the secret cannot be shown again.
    ///
    /// - Throws: `.badRequest` for invalid properties; `.projectNotFound`, `.projectForbidden`, `.destinationNotFound`,
    ///   `.parentNotFolder`; `.limitReached` if the project or the caller has too many links; `.unavailable` if too
    ///   many passwords are being hashed.
    package func create(
        in folder: FolderReference,
        _ change: UploadLinkChange,
        caller: Caller
    ) async throws -> (summary: UploadLinkSummary, secret: Secret) {
        guard let name = change.name else { throw PontoonError(.badRequest, "The field 'name' is missing.") }
        let now = now()
        try change.check(now: now)
        var details = UploadLinkDetails(
            name: name,
            note: "",
            expiresOn: now.addingTimeInterval(UploadLinkRules.defaultLifetime)
        )
        try change.apply(to: &details, passwordHash: nil)
        let place = try await access.folder(
            folder,
            for: caller,
            needing: .write,
            missing: .destinationNotFound,
            else: .projectForbidden
        )
        // Hashed only after the other checks, because hashing is slow.
        try change.apply(to: &details, passwordHash: try await hash(change.password))
        let link = UploadLink(
            id: Identifiers.hex(bytes: 12),
            project: place.project,
            folder: place.folder,
            createdBy: caller.name,
            createdOn: now,
            details: details
        )
        let secret = Identifiers.token()
        try await metadata.addUploadLink(
            link,
            secretHash: secret.sha256,
            maximumOfProject: UploadLinkRules.maximumLinksPerProject,
            maximumOfUser: UploadLinkRules.maximumLinksPerUser
        )
        return (UploadLinkSummary(link: link, usage: UploadLinkUsage(), isUsable: true), secret)
    }

    /// Returns one page of the links of a project, newest first.
    ///
    /// - Throws: `.projectNotFound`, `.projectForbidden`.
    package func list(in project: ProjectID, caller: Caller, page: Page) async throws -> Listing<UploadLinkSummary> {
        _ = try await access.project(project, for: caller, needing: .write, evenIfLocked: true)
        return try await metadata.uploadLinks(of: project, page: page)
    }

    /// Returns a link with its usage.
    ///
    /// - Throws: `.uploadLinkNotFound` if the link does not exist or the caller may not read its project;
    ///   `.projectForbidden`.
    package func details(_ id: String, caller: Caller) async throws -> UploadLinkSummary {
        guard let summary = try await metadata.uploadLink(id) else { throw PontoonError.uploadLinkNotFound }
        do {
            _ = try await access.project(summary.link.project, for: caller, needing: .write, evenIfLocked: true)
        } catch let error as PontoonError where error.code == .projectNotFound {
            throw PontoonError.uploadLinkNotFound
        }
        return summary
    }

    /// Changes properties of a link.
    ///
    /// - Throws: `.uploadLinkNotFound`, `.projectForbidden`; `.badRequest` for invalid properties; `.unavailable` if
    ///   too many passwords are being hashed.
    package func update(_ id: String, _ change: UploadLinkChange, caller: Caller) async throws -> UploadLinkSummary {
        _ = try await details(id, caller: caller)
        try change.check(now: now())
        let hash = try await hash(change.password)
        let updated = try await metadata.updateUploadLink(id) { details throws(PontoonError) in
            try change.apply(to: &details, passwordHash: hash)
        }
        guard let updated else { throw PontoonError.uploadLinkNotFound }
        return updated
    }

    /// Deletes a link, signs its senders out and aborts their active uploads.
    ///
    /// The senders' files are kept, and uploads that are being completed can still become files.
    ///
    /// - Throws: `.uploadLinkNotFound`, `.projectForbidden`.
    package func revoke(_ id: String, caller: Caller) async throws {
        _ = try await details(id, caller: caller)
        guard try await metadata.deleteUploadLink(id) else { throw PontoonError.uploadLinkNotFound }
        await garbage.collect()
    }

    private func hash(_ password: FieldChange<Secret>) async throws -> Secret? {
        guard case .set(let password) = password else { return nil }
        return try await passwords.hash(password)
    }
}
