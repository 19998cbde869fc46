package import Foundation

/// The object store, distinguished by the path that bytes take.
///
/// The two kinds differ fundamentally. With a streaming store, this server receives every part, so it signs its own
/// URLs, knows lengths and checksums, and computes MD5s while parts arrive. With a presigned store, it learns all of
/// this from the store when an upload is completed. The enum contains the dependencies of each kind, and the compiler
/// finds every place where the difference matters.
package enum ObjectStorage: Sendable {
    /// Bytes pass through this server: the hasher computes MD5s, and URLs point to the server's own data plane.
    case streaming(any StreamingObjectStore, PrefixHasher, DataPlaneURLs)
    /// Bytes pass between clients and the store's own server, at URLs that the store signs.
    case presigned(any PresignedObjectStore)

    /// The store, for the operations that both kinds support.
    package var store: any ObjectStore {
        switch self {
        case .streaming(let store, _, _): store
        case .presigned(let store): store
        }
    }

    /// Smallest length in bytes that the store accepts for every part but the last.
    package var minimumPartSize: Int64 {
        switch self {
        case .streaming: 1
        case .presigned(let store): store.minimumPartSize
        }
    }

    /// Whether lengths and checksums of parts are known before an upload is completed.
    package var seesParts: Bool {
        switch self {
        case .streaming: true
        case .presigned: false
        }
    }

    /// The request with which a client sends one part; computed from memory.
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

    /// The request with which a client reads a whole file; computed from memory.
    package func downloadRequest(for file: File, base: BaseURL, now: Date) async throws -> SignedRequest {
        switch self {
        case .streaming(_, _, let urls): try await urls.downloadRequest(for: file, base: base, now: now)
        case .presigned(let store): try store.downloadRequest(for: file, now: now)
        }
    }
}
