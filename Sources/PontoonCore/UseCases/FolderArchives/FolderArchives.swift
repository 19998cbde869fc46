import Crypto
package import PontoonFoundation

/// The use case that lets clients download a folder and everything in it as one archive.
///
/// ``request(_:as:caller:base:)`` returns a URL for the current version of the folder. ``listing(of:as:version:)``
/// refuses the URL once anything in the folder has changed, so a resumed download never mixes two versions.
package struct FolderArchives: Sendable {
    /// Maximum number of files and folders in an archive, including the archived folder.
    package static let maximumEntries = 2_000_000
    /// Maximum length of an archive in bytes.
    private static let maximumSize: Int64 = 1 << 60

    private let metadata: any MetadataStore
    private let downloads: Downloads
    private let access: Access
    private let urls: DataPlaneURLs
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - downloads: Opens the files.
    ///   - urls: Signs the URLs of archives, which the server sends itself even if the files are in a bucket.
    ///   - now: Returns the current time.
    package init(
        metadata: any MetadataStore,
        downloads: Downloads,
        urls: DataPlaneURLs,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.downloads = downloads
        self.urls = urls
        self.now = now
        access = Access(metadata: metadata)
    }

    /// Finds a folder that the caller may download.
    ///
    /// - Throws: `.fileNotFound`; `.fileForbidden` if the caller lacks the permission `copy`; `.parentNotFolder` for a
    ///   file.
    package func folder(_ id: String, caller: Caller) async throws -> File {
        let folder = try await access.file(id, for: caller, needing: .copy)
        guard folder.kind == .folder else { throw PontoonError(.parentNotFolder, "'\(id)' is not a folder.") }
        return folder
    }

    /// Returns the listing of a folder, and the request with which the caller reads the archive.
    ///
    /// The caller must be allowed to download the folder; see ``folder(_:caller:)``.
    ///
    /// - Throws: `.contentLost` if a check has found a wrong checksum or unreadable bytes in a file; `.badRequest` if
    ///   the archive would have more than ``maximumEntries`` entries or 2^60 bytes, a path in it is too long, or the
    ///   format cannot represent a name.
    package func request(
        _ folder: File,
        as format: FolderArchiveFormat,
        caller: Caller,
        base: BaseURL
    ) async throws -> (listing: FolderListing, request: SignedRequest) {
        let listing = try await listing(of: folder, as: format)
        let request = try await urls.archiveRequest(for: listing, userName: caller.name, base: base, now: now())
        return (listing, request)
    }

    /// Verifies the signed URL of a request.
    ///
    /// - Throws: The errors of ``DataPlaneURLs/verify(_:now:)``.
    package func verify(_ signed: SignedPath) async throws { try await urls.verify(signed, now: now()) }

    /// Returns the listing of a folder at a signed URL; the caller must have verified the signature.
    ///
    /// - Throws: `.fileNotFound` if the folder does not exist; `.preconditionFailed` if the folder has changed since
    ///   this version; `.contentLost` if a check has found a wrong checksum or unreadable bytes in a file.
    package func listing(
        of id: String,
        as format: FolderArchiveFormat,
        version: String
    ) async throws -> FolderListing {
        guard let folder = try await metadata.file(id), folder.kind == .folder else { throw PontoonError.fileNotFound }
        do {
            let listing = try await listing(of: folder, as: format)
            if listing.version == version { return listing }
        } catch let error as PontoonError where error.code == .badRequest {
            // The folder was within the limits when the URL was signed, so it has changed.
        }
        throw PontoonError.folderChanged
    }

    /// Returns a reader of the entries of a listing.
    package func entries(of listing: FolderListing) -> FolderBatches {
        FolderBatches(FolderWalk(listing.folder, in: metadata), expecting: listing.batches)
    }

    /// Opens the content of a file in an archive; the caller must close the reader.
    ///
    /// - Returns: The reader; `nil` for a folder.
    /// - Throws: The errors of ``Downloads/open(_:of:)``.
    package func open(_ entry: FolderArchiveEntry) async throws -> (any ObjectReader)? {
        guard let content = entry.file.content else { return nil }
        return try await downloads.open(content, of: entry.file)
    }

    /// Reads and hashes the names, sizes and times of a folder and everything in it.
    ///
    /// - Throws: The errors of ``request(_:as:caller:base:)``.
    private func listing(of folder: File, as format: FolderArchiveFormat) async throws -> FolderListing {
        var batches = FolderBatches(FolderWalk(folder, in: metadata), expecting: nil)
        var length = FolderArchiveLength(format)
        var hashes: [[UInt8]] = []
        // The version covers the encoding, because a download must not be resumed with a different one.
        var version = SHA256()
        version.update(data: Data("pontoon-archive-1\0\(format.rawValue)\n".utf8))
        while let (entries, hash) = try await batches.nextWithHash() {
            for entry in entries {
                try Self.check(entry, in: format)
                length.add(entry)
            }
            guard length.entries <= Self.maximumEntries, length.position <= Self.maximumSize else {
                throw PontoonError(
                    .badRequest,
                    """
                    The folder contains more than \(Self.maximumEntries) files and folders or \
                    \(Self.maximumSize) bytes; download the folders inside it separately.
                    """
                )
            }
            version.update(data: hash)
            hashes.append(hash)
        }
        return FolderListing(
            folder: folder,
            format: format,
            size: length.finish(),
            entries: length.entries,
            version: Hex.encode(version.finalize().prefix(16)),
            batches: hashes
        )
    }

    private static func check(_ entry: FolderArchiveEntry, in format: FolderArchiveFormat) throws(PontoonError) {
        if entry.file.content?.verification.damage?.isHidden == true {
            throw PontoonError(
                .contentLost,
                "The content of '\(entry.path)' is damaged; upload the file again, or contact the server's operator."
            )
        }
        // Programs for Windows read a backslash as a slash, so the path could lead out of the folder.
        if format == .zip, entry.path.utf8.contains(UInt8(ascii: "\\")) {
            throw PontoonError(
                .badRequest,
                "The path '\(entry.path)' contains a backslash, which zip does not allow; use the format tar."
            )
        }
    }
}
