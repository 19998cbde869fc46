package import Foundation

/// The object store, by the way bytes reach it.
///
/// The two kinds differ in more than a flag: with a streaming store this server sees every part, so it signs URLs of its
/// own, knows lengths and checksums, and computes MD5s while parts arrive. With a presigned store it learns all of this
/// from the store when an upload is completed. An enum carries what each kind needs, and the compiler shows every place
/// where the difference matters.
package enum ObjectStorage: Sendable {
    /// Bytes pass through this server: MD5s are computed by the hasher, and URLs lead to the server's own data plane.
    case streaming(any StreamingObjectStore, PrefixHasher, DataPlaneURLs)
    /// Bytes pass between clients and the store's own server, at URLs that the store signs.
    case presigned(any PresignedObjectStore)

    /// The store, for what both kinds do alike.
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

    /// Where and how a client sends one part; computed from memory.
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

    /// Where a client reads a whole file; computed from memory.
    package func downloadRequest(for file: File, base: BaseURL, now: Date) async throws -> SignedRequest {
        switch self {
        case .streaming(_, _, let urls): try await urls.downloadRequest(for: file, base: base, now: now)
        case .presigned(let store): try store.downloadRequest(for: file, now: now)
        }
    }
}
