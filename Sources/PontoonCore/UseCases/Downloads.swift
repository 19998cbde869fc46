package import PontoonFoundation

/// The use case that lets clients download files.
///
/// ``request(_:caller:base:)`` returns the request with which a client reads the bytes. If the bytes pass through this
/// server, ``file(_:)`` and ``open(_:of:)`` then provide them.
package struct Downloads: Sendable {
    private let metadata: any MetadataStore
    private let storage: ObjectStorage
    private let access: Access
    private let now: @Sendable () -> Date

    package init(
        metadata: any MetadataStore,
        storage: ObjectStorage,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.storage = storage
        self.access = Access(metadata: metadata)
        self.now = now
    }

    /// Returns a file, and the request with which the caller reads it.
    ///
    /// - Throws: `.fileNotFound`; `.fileForbidden` if the caller lacks the permission `copy`; `.folderNotDownloadable`;
    ///   `.contentLost` if a check has found a wrong checksum or unreadable bytes.
    package func request(
        _ id: String,
        caller: Caller,
        base: BaseURL
    ) async throws -> (file: File, request: SignedRequest) {
        let file = try await access.file(id, for: caller, needing: .copy)
        guard file.kind == .file else { throw PontoonError(.folderNotDownloadable, "A folder cannot be downloaded.") }
        try Self.refuseDamaged(file)
        return (file, try await storage.downloadRequest(for: file, base: base, now: now()))
    }

    /// Returns the file at a signed URL; the caller must have verified the signature.
    ///
    /// The file's row may be up to one second old, so a file deleted by another server may still be served for one
    /// second while its bytes exist.
    ///
    /// - Throws: `.fileNotFound` if the file does not exist or is a folder; `.contentLost` if a check has found a wrong
    ///   checksum or unreadable bytes.
    package func file(_ id: String) async throws -> (file: File, content: FileContent) {
        guard let file = try await metadata.file(id, reading: .cached), let content = file.content else {
            throw PontoonError(.fileNotFound, "Requested file does not exist.")
        }
        try Self.refuseDamaged(file)
        return (file, content)
    }

    /// Refuses a file if a check has found hidden damage in its bytes; see ``ContentDamage/isHidden``.
    ///
    /// Missing bytes and a wrong length are not refused here, because ``open(_:of:)`` detects them. Such a file can
    /// therefore be downloaded as soon as the operator has restored its bytes.
    ///
    /// - Throws: `.contentLost`.
    private static func refuseDamaged(_ file: File) throws(PontoonError) {
        guard file.content?.verification.damage?.isHidden == true else { return }
        throw PontoonError(.contentLost, damaged)
    }

    /// Opens a file's bytes for reading; the caller must close the reader.
    ///
    /// - Throws: `.contentLost` if the bytes are missing or their length differs from the recorded length;
    ///   `.fileNotFound` if the file was deleted or its content was replaced in the meantime.
    package func open(_ content: FileContent, of file: File) async throws -> any ObjectReader {
        let reader: any ObjectReader
        do {
            reader = try await storage.store.openObject(content.key)
        } catch let error as PontoonError where error.code == .fileNotFound {
            // The caller's row may be outdated: the bytes are lost only if the latest row still refers to them.
            guard try await metadata.file(file.id, reading: .latest)?.content?.key == content.key else { throw error }
            throw PontoonError(.contentLost, Self.lost, cause: DamagedObject(file: file, content: content, size: nil))
        }
        guard reader.size == content.size else {
            await reader.close()
            throw PontoonError(
                .contentLost,
                Self.lost,
                cause: DamagedObject(file: file, content: content, size: reader.size)
            )
        }
        return reader
    }

    private static let damaged = """
        The content of this file is damaged; upload the file again, or contact the server's operator.
        """
    private static let lost = "The server has lost the content of this file; upload the file again."
}

/// The error to log for an object whose bytes are missing or have the wrong length.
package struct DamagedObject: Error, CustomStringConvertible {
    package let description: String

    fileprivate init(file: File, content: FileContent, size: Int64?) {
        let found = size.map { "has \($0) bytes" } ?? "is missing"
        description =
            "object \(content.key.rawValue) of file \(file.id) \(found); its recorded length is \(content.size)"
    }
}
