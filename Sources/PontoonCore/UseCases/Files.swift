package import Foundation

/// Files and folders: find, change, delete, hand out for download.
package struct Files: Sendable {
    private let metadata: any MetadataStore
    private let objects: any ObjectStore
    private let access: Access
    private let garbage: GarbageCollector
    private let now: @Sendable () -> Date

    /// Works on two stores.
    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.objects = objects
        self.access = Access(metadata: metadata)
        self.garbage = GarbageCollector(metadata: metadata, objects: objects)
        self.now = now
    }

    /// Files and folders directly in a folder or a project's root, by name.
    ///
    /// - Throws: `.projectNotFound`, `.fileNotFound` for an unknown folder, `.parentNotFolder`.
    package func list(
        in place: InitializeRequest.Destination,
        filter: FileFilter,
        caller: User,
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
        return try await metadata.files(in: folder, filter: filter, page: page)
    }

    /// One file or folder.
    ///
    /// - Throws: `.fileNotFound`.
    package func details(_ id: String, caller: User) async throws -> File {
        try await access.file(id, for: caller).file
    }

    /// Makes a folder.
    ///
    /// - Throws: `.fileNameInvalid` (also for names that start with `__`), `.folderExists`, `.fileExists`,
    ///   `.destinationNotFound`, `.projectNotFound`, `.parentNotFolder`, `.fileForbidden`.
    package func createFolder(
        _ name: String,
        in place: InitializeRequest.Destination,
        caller: User
    ) async throws -> File {
        if let problem = FileName.problem(with: name) { throw PontoonError(.fileNameInvalid, problem) }
        guard !name.hasPrefix("__") else {
            throw PontoonError(.fileNameInvalid, "The name of a folder must not start with '__'.")
        }
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
            project: project.project.id,
            parent: parent,
            content: nil,
            createdOn: now()
        )
        try await metadata.addFolder(folder)
        return folder
    }

    /// Changes name, metadata (merged) and tags of a file; what is `nil` stays.
    ///
    /// - Throws: `.fileNotFound`, `.fileChangeForbidden`, `.folderDetailsFixed`, `.fileNameInvalid`, `.fileExists`,
    ///   `.metadataInvalid`.
    package func update(
        _ id: String,
        name: String?,
        metadata change: [String: String?]?,
        tags: [String]?,
        caller: User
    ) async throws -> File {
        var file = try await writable(id, caller: caller, else: .fileChangeForbidden, folder: .folderDetailsFixed)
        if let name, let problem = FileName.problem(with: name) { throw PontoonError(.fileNameInvalid, problem) }
        if let change { try MetadataRules.check(change) }
        // Compared byte by byte: a name may change from one spelling of the same letters to the other.
        if let name, !name.utf8.elementsEqual(file.name.utf8) {
            file = try Self.found(try await metadata.renameFile(id, to: name, now: now()))
        }
        if let change {
            file = try Self.found(try await metadata.changeMetadata(id, change, replacing: false, now: now()))
        }
        if let tags { file = try Self.found(try await metadata.replaceTags(id, tags, now: now())) }
        return file
    }

    /// Merges or replaces metadata.
    ///
    /// - Throws: `.fileNotFound`, `.metadataChangeForbidden`, `.folderMetadataFixed`, `.metadataInvalid`.
    package func changeMetadata(
        _ id: String,
        _ change: [String: String?],
        replacing: Bool,
        caller: User
    ) async throws -> [String: String] {
        _ = try await writable(id, caller: caller, else: .metadataChangeForbidden, folder: .folderMetadataFixed)
        try MetadataRules.check(change)
        let file = try await metadata.changeMetadata(id, change, replacing: replacing, now: now())
        return try Self.found(file).metadata
    }

    /// Replaces the tags.
    ///
    /// - Throws: `.fileNotFound`, `.tagChangeForbidden`, `.folderTagsFixed`.
    package func replaceTags(_ id: String, _ tags: [String], caller: User) async throws -> [String] {
        _ = try await writable(id, caller: caller, else: .tagChangeForbidden, folder: .folderTagsFixed)
        return try Self.found(try await metadata.replaceTags(id, tags, now: now())).tags
    }

    /// Deletes a file or an empty folder.
    ///
    /// - Throws: `.fileNotFound`, `.fileForbidden`, `.folderNotEmpty`; `.folderDetailsFixed` for a project's root.
    package func delete(_ id: String, caller: User) async throws {
        let (file, _) = try await access.file(id, for: caller, needing: .write)
        guard file.parent != nil else {
            throw PontoonError(.folderDetailsFixed, "The root folder of a project cannot be deleted.")
        }
        guard try await metadata.deleteFile(id) else {
            throw PontoonError(.fileNotFound, "Requested file or folder does not exist.")
        }
        try await garbage.collect()
    }

    /// Where the caller reads a file.
    ///
    /// - Throws: `.fileNotFound`, `.fileForbidden`, `.folderNotDownloadable`.
    package func downloadRequest(_ id: String, caller: User, base: BaseURL) async throws -> SignedRequest {
        let (file, _) = try await access.file(id, for: caller, needing: .copy)
        guard file.kind == .file else { throw PontoonError(.folderNotDownloadable, "A folder cannot be downloaded.") }
        return try await objects.downloadRequest(for: file, base: base, now: now())
    }

    private func writable(
        _ id: String,
        caller: User,
        else refusal: PontoonError.Code,
        folder: PontoonError.Code
    ) async throws -> File {
        let (file, _) = try await access.file(id, for: caller, needing: .write, else: refusal)
        guard file.kind == .file else { throw PontoonError(folder, "A folder's details cannot be changed.") }
        return file
    }

    private static func found(_ file: File?) throws -> File {
        guard let file else { throw PontoonError(.fileNotFound, "Requested file or folder does not exist.") }
        return file
    }
}
