package import PontoonFoundation

/// The use cases that list, change, copy, move, verify and delete files, and that manage folders.
package struct Files: Sendable {
    let metadata: any MetadataStore
    let access: Access
    let now: @Sendable () -> Date
    private let garbage: GarbageCollector

    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.access = Access(metadata: metadata)
        self.garbage = GarbageCollector(metadata: metadata, objects: objects)
        self.now = now
    }

    /// Returns one page of the entries of a folder, ordered by name.
    ///
    /// - Throws: `.projectNotFound` or `.fileNotFound` if the project or folder does not exist; `.parentNotFolder` if
    ///   the id belongs to a file.
    package func list(
        in place: FolderReference,
        filter: FileFilter,
        caller: Caller,
        page: Page
    ) async throws -> Listing<File> {
        let (folder, _) = try await access.folder(
            place,
            for: caller,
            needing: .read,
            missing: .fileNotFound,
            else: .fileForbidden
        )
        if filter.matchesNothing { return Listing(items: [], total: 0) }
        return try await metadata.files(in: folder, filter: filter, window: .page(page))
    }

    /// Returns entries like ``list(in:filter:caller:page:)``, but starts after a name instead of at an offset.
    ///
    /// Entries that are added or removed between two calls therefore do not cause other entries to be skipped or
    /// repeated.
    ///
    /// - Returns: The entries, the total, and the name after which the next call starts. This name is `nil` at the end
    ///   of the list.
    /// - Throws: The errors of ``list(in:filter:caller:page:)``.
    package func scroll(
        in place: FolderReference,
        filter: FileFilter,
        after name: String?,
        limit: Int,
        caller: Caller
    ) async throws -> (listing: Listing<File>, next: String?) {
        let (folder, _) = try await access.folder(
            place,
            for: caller,
            needing: .read,
            missing: .fileNotFound,
            else: .fileForbidden
        )
        // Reads one additional entry, to find out whether more entries follow.
        let found = try await metadata.files(in: folder, filter: filter, window: .after(name, limit: limit + 1))
        let items = Array(found.items.prefix(limit))
        let hasMore = found.items.count > limit
        let next = hasMore ? items.last?.name : nil
        return (Listing(items: items, total: found.total), next)
    }

    /// Returns a file or folder.
    ///
    /// - Throws: `.fileNotFound` if the file does not exist or the caller may not read its project.
    package func details(_ id: String, caller: Caller) async throws -> File {
        try await access.file(id, for: caller)
    }

    /// Creates a folder.
    ///
    /// - Throws: `.fileNameInvalid`, for example if the name starts with `__`; `.folderExists` or `.fileExists` if the
    ///   name is taken; `.destinationNotFound` or `.projectNotFound` if the parent does not exist; `.parentNotFolder`
    ///   if the parent is a file; `.fileForbidden` if the caller lacks the permission `write` or the project is locked;
    ///   `.limitReached` if the level of the folder would exceed ``FolderRules/maximumLevel``.
    package func createFolder(
        _ name: String,
        in place: FolderReference,
        caller: Caller
    ) async throws -> File {
        try Self.check(name: name, kind: .folder)
        let (parent, project) = try await access.folder(
            place,
            for: caller,
            needing: .write,
            missing: .destinationNotFound,
            else: .fileForbidden
        )
        let folder = File(
            id: Identifiers.file(now: now()),
            name: name,
            kind: .folder,
            project: project,
            parent: parent,
            content: nil,
            createdOn: now()
        )
        try await metadata.addFolder(folder)
        return folder
    }

    /// Changes the name, metadata and tags of a file atomically.
    ///
    /// - Returns: The file after the change.
    /// - Throws: `.fileNotFound`; `.fileChangeForbidden` if the caller lacks the permission `write` or the project is
    ///   locked; `.folderDetailsFixed` for a folder; `.fileNameInvalid`; `.fileExists` if the new name is taken;
    ///   `.metadataInvalid`; `.badRequest` for invalid tags.
    package func update(_ id: String, _ change: FileChange, caller: Caller) async throws -> File {
        let file = try await writable(id, caller: caller, else: .fileChangeForbidden, folder: .folderDetailsFixed)
        if let name = change.name { try Self.check(name: name) }
        if let metadata = change.metadata { try MetadataRules.check(metadata) }
        try FieldRules.check(tags: change.tags)
        if change.isEmpty { return file }
        return try Self.found(try await metadata.updateFile(id, change, now: now()))
    }

    /// Changes the metadata of a file.
    ///
    /// The values are merged into the metadata, or replace all of it if `replacing` is set. A `nil` value removes its
    /// key.
    ///
    /// - Returns: The metadata after the change.
    /// - Throws: `.fileNotFound`; `.metadataChangeForbidden` if the caller lacks the permission `write` or the project
    ///   is locked; `.folderMetadataFixed` for a folder; `.metadataInvalid`.
    package func changeMetadata(
        _ id: String,
        _ values: [String: String?],
        replacing: Bool,
        caller: Caller
    ) async throws -> [String: String] {
        _ = try await writable(id, caller: caller, else: .metadataChangeForbidden, folder: .folderMetadataFixed)
        try MetadataRules.check(values)
        let change = FileChange(metadata: values, replacesMetadata: replacing)
        return try Self.found(try await metadata.updateFile(id, change, now: now())).metadata
    }

    /// Replaces the tags of a file.
    ///
    /// - Returns: The tags after the change.
    /// - Throws: `.fileNotFound`; `.tagChangeForbidden` if the caller lacks the permission `write` or the project is
    ///   locked; `.folderTagsFixed` for a folder; `.badRequest` for invalid tags.
    package func replaceTags(_ id: String, _ tags: [String], caller: Caller) async throws -> [String] {
        _ = try await writable(id, caller: caller, else: .tagChangeForbidden, folder: .folderTagsFixed)
        try FieldRules.check(tags: tags)
        return try Self.found(try await metadata.updateFile(id, FileChange(tags: tags), now: now())).tags
    }

    /// Deletes a file or an empty folder.
    ///
    /// - Returns: The deleted file or folder.
    /// - Throws: `.fileNotFound`; `.fileForbidden` if the caller lacks the permission `write` or the project is locked;
    ///   `.folderNotEmpty`; `.folderDetailsFixed` for a root folder.
    @discardableResult
    package func delete(_ id: String, caller: Caller) async throws -> File {
        let file = try await access.file(id, for: caller, needing: .write)
        guard file.parent != nil else {
            throw PontoonError(.folderDetailsFixed, "The root folder of a project cannot be deleted.")
        }
        guard try await metadata.deleteFile(id) else {
            throw PontoonError.fileNotFound
        }
        await garbage.collect()
        return file
    }

    private func writable(
        _ id: String,
        caller: Caller,
        else refusal: PontoonError.Code,
        folder: PontoonError.Code
    ) async throws -> File {
        let file = try await access.file(id, for: caller, needing: .write, else: refusal)
        guard file.kind == .file else { throw PontoonError(folder, "This call can change only files, not folders.") }
        return file
    }

    /// Validates the name of a file or folder.
    ///
    /// - Throws: `.fileNameInvalid`, also if the name of a folder starts with `__`.
    static func check(name: String, kind: File.Kind = .file) throws(PontoonError) {
        if let problem = FileName.problem(with: name, kind: kind) { throw PontoonError(.fileNameInvalid, problem) }
    }

    static func found(_ file: File?) throws(PontoonError) -> File {
        guard let file else { throw PontoonError.fileNotFound }
        return file
    }
}
