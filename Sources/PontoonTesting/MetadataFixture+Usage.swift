package import PontoonCore

/// Uploads and files of any size, for rules about usage and quotas.
extension MetadataFixture {
    /// Creates an upload of `size` bytes with parts of 5 bytes, without storing it.
    package func sized(
        _ size: Int64?,
        _ name: String = Identifiers.hex(bytes: 8),
        overwrite: Bool = false,
        by userName: String? = nil,
        session: SenderSession? = nil
    ) -> Upload {
        Upload(
            id: Identifiers.upload(),
            userName: userName ?? user.name,
            destination: .folder(id: root, project: project.id, wasGivenByFolder: false),
            name: name,
            size: size,
            partSize: 5,
            md5: nil,
            rule: overwrite ? .overwrite : .fail,
            senderSession: session?.id,
            key: .random(),
            initiatedOn: Self.time
        )
    }

    /// Completes an upload as a file of `size` bytes, and returns the file.
    ///
    /// The completion must already be leased.
    package func complete(_ upload: Upload, size: Int64, in store: some MetadataStore) async throws -> File {
        let file = File(
            id: Identifiers.file(now: Self.time),
            name: upload.name,
            kind: .file,
            project: project.id,
            parent: root,
            content: FileContent(key: upload.key, size: size, crc64: CRC64NVME(rawValue: 1), md5: nil),
            createdOn: Self.time
        )
        let isDone = try await store.completeUpload(upload.id, file: file, overwrite: upload.overwrite)
        try expect(isDone, "a leased upload completes")
        return file
    }

    /// Stores a file of `size` bytes by completing an upload.
    @discardableResult
    package func addFile(
        of size: Int64,
        _ name: String = Identifiers.hex(bytes: 8),
        overwrite: Bool = false,
        to store: some MetadataStore
    ) async throws -> File {
        let upload = sized(size, name, overwrite: overwrite)
        try await addCompletingUpload(upload, to: store)
        return try await complete(upload, size: size, in: store)
    }

    /// Creates a request to copy a file to the root folder of a project; `nil` keeps the name of the file.
    package static func copy(_ name: String? = nil, to project: Project) -> FileCopy {
        FileCopy(
            id: Identifiers.file(now: time),
            project: project.id,
            parent: project.rootFolder,
            name: name,
            conflictPolicy: .refuse,
            createdOn: time
        )
    }

    /// Creates a request to copy a file to the root folder of ``project``.
    package func copy(_ name: String? = nil) -> FileCopy { Self.copy(name, to: project) }

    /// Checks the usage of the project and, because it is the only project of its owner, of the user.
    package func expectUsage(_ usage: Usage, in store: some MetadataStore, line: Int = #line) async throws {
        let ofProject = try await store.usage(of: .project(project.id))
        try expect(ofProject?.usage, equals: usage, "the project's usage", line: line)
        let ofUser = try await store.usage(of: .user(user.name))
        try expect(ofUser?.usage, equals: usage, "the owner's usage", line: line)
    }
}
