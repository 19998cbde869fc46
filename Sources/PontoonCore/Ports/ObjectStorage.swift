package import PontoonFoundation

/// The object store, which is either streaming or presigned.
///
/// With a streaming store, this server receives every part. It signs its own URLs and knows the lengths and checksums
/// of stored parts. With a presigned store, clients send parts directly to the store, and this server learns their
/// lengths only when an upload is completed.
///
/// Each case contains the dependencies that only this kind of store needs. Exhaustive switches let the compiler find
/// all code that depends on the kind.
package enum ObjectStorage: Sendable {
    /// Bytes pass through this server. The hasher computes the MD5 of uploads that declare one; the URLs point to the
    /// server's own data plane.
    case streaming(any StreamingObjectStore, PrefixHasher, DataPlaneURLs)
    /// Clients exchange bytes directly with the store, at presigned URLs.
    case presigned(any PresignedObjectStore)

    /// The store, with the operations that both kinds support.
    package var store: any ObjectStore {
        switch self {
        case .streaming(let store, _, _): store
        case .presigned(let store): store
        }
    }

    /// Minimum length in bytes of every part but the last; 1 with a streaming store, which enforces no minimum.
    package var minimumPartSize: Int64 {
        switch self {
        case .streaming: 1
        case .presigned(let store): store.minimumPartSize
        }
    }

    /// Whether this server knows the lengths and checksums of parts before an upload is completed.
    package var seesParts: Bool {
        switch self {
        case .streaming: true
        case .presigned: false
        }
    }

    /// Returns the request with which a client sends one part.
    ///
    /// Performs no I/O, except to read and rotate the signing keys of a streaming store if they have not been read yet.
    ///
    /// - Throws: `.partUnavailable` if the store is presigned and the upload was started in another store; an error if
    ///   the signing keys cannot be read.
    package func partRequest(
        for upload: Upload,
        part: PartNumber,
        base: BaseURL,
        now: Date
    ) async throws -> SignedRequest {
        switch self {
        case .streaming(_, _, let urls): try await urls.partRequest(for: upload, part: part, base: base, now: now)
        case .presigned(let store): try store.partRequest(for: upload, part: part, now: now)
        }
    }

    /// Returns the request with which a client reads a whole file.
    ///
    /// The caller must refuse folders first. Performs no I/O, except to read and rotate the signing keys of a streaming
    /// store if they have not been read yet.
    ///
    /// - Throws: An error if the signing keys cannot be read; `.folderNotDownloadable` for a folder if the store is
    ///   presigned.
    package func downloadRequest(for file: File, base: BaseURL, now: Date) async throws -> SignedRequest {
        switch self {
        case .streaming(_, _, let urls): try await urls.downloadRequest(for: file, base: base, now: now)
        case .presigned(let store): try store.downloadRequest(for: file, now: now)
        }
    }
}
