import NIOHTTP1
import PontoonCore
import Synchronization

/// State shared by all ranges of one file: the signed URL, the ETag that identifies the version being downloaded, and
/// the checksum that the storage provides.
final class DownloadSource: Sendable {
    private struct State {
        var url: String?
        /// ETag of the file, with quotes.
        var etag: String?
        var declaredCRC64: String?
    }

    let name: String
    let size: Int64
    private let client: SevenBridgesClient
    private let fileID: String
    private let state: Mutex<State>
    private let urlRequest = PrioritySemaphore(permits: 1)

    init(client: SevenBridgesClient, item: DownloadItem, size: Int64, earlier: [Int: JournalPart]) {
        self.client = client
        self.size = size
        name = item.remotePath
        fileID = item.id
        // All ranges in a journal have the same ETag, except ranges for which the storage provided none.
        state = Mutex(State(etag: earlier.values.lazy.map(\.etag).first { !$0.isEmpty }))
    }

    /// ETag of the file, with quotes; `nil` until a journal or a response provides it.
    var etag: String? { state.withLock { $0.etag } }
    /// CRC-64/NVME of the whole file, 16 hexadecimal digits; `nil` until a response provides it.
    var declaredCRC64: String? { state.withLock { $0.declaredCRC64 } }

    /// Returns the signed URL.
    ///
    /// If there is no URL, one range requests it while the others wait for the response.
    ///
    /// - Throws: ``APIError``, ``ClientError``, `CancellationError`.
    func url() async throws -> String {
        if let known = state.withLock({ $0.url }) { return known }
        try await urlRequest.acquire(priority: 0)
        defer { urlRequest.release() }
        if let known = state.withLock({ $0.url }) { return known }
        let url = try await client.downloadURL(fileID, name: name)
        state.withLock { $0.url = url }
        return url
    }

    /// Discards a URL that the storage rejected, unless another range has already replaced it.
    func invalidate(_ url: String?) {
        state.withLock { if $0.url == url { $0.url = nil } }
    }

    /// Records the ETag and the checksum of the whole file, if the headers of a response contain them.
    ///
    /// - Throws: ``RemoteFileChanged`` if the ETag differs from the ETag in the journal or in an earlier response.
    func note(_ headers: HTTPHeaders, for range: Range<Int64>) throws {
        // In the response to a range request, the checksum may cover only the range.
        let isOfWholeFile = range == 0..<size || headers.first(name: "x-amz-checksum-type") == "FULL_OBJECT"
        let declared = isOfWholeFile ? headers.first(name: "x-amz-checksum-crc64nvme") : nil
        let etag = headers.etag
        let known = state.withLock { state in
            if let crc64 = declared.flatMap({ CRC64NVME(base64: $0) }) { state.declaredCRC64 = crc64.hex }
            state.etag = state.etag ?? etag
            return state.etag
        }
        // The first responses for two ranges may arrive at the same time, with different ETags.
        if let etag, let known, etag != known { throw Self.changed(from: known, to: etag) }
    }

    /// Checks that a response contains the requested bytes of the expected version of the file.
    ///
    /// - Parameters:
    ///   - status: The HTTP status.
    ///   - headers: The response headers.
    ///   - range: The requested range.
    ///   - known: The file's ETag when the request was sent; `nil` if neither a journal nor a response had provided it.
    /// - Returns: `true` if the body can be used; `false` for an error response from the storage.
    /// - Throws: ``RemoteFileChanged`` if the file has changed; ``TransportFailure`` if the response contains a
    ///   different range; `.storageRefused` if the storage returned the whole file instead of the range.
    func accepts(status: Int, _ headers: HTTPHeaders, for range: Range<Int64>, known: String?) throws -> Bool {
        let etag = headers.etag
        if [200, 206, 416].contains(status), let known, let etag, etag != known {
            throw Self.changed(from: known, to: etag)
        }
        switch status {
        case 206:
            let expected = "bytes \(range.lowerBound)-\(range.upperBound - 1)/"
            guard let actual = headers.first(name: "Content-Range"), actual.lowercased().hasPrefix(expected) else {
                throw TransportFailure(kind: .connectionLost, reason: "the response contains a different range")
            }
            if let total = Int64(actual.dropFirst(expected.count)), total != size {
                throw RemoteFileChanged(reason: "its length was \(size) bytes and is now \(total)")
            }
        case 200 where range == 0..<size:
            let length = headers.first(name: "Content-Length").flatMap { Int64($0) }
            guard length ?? size == size else {
                throw RemoteFileChanged(reason: "its length was \(size) bytes and is now \(length ?? 0)")
            }
        case 200 where known != nil && etag == nil:
            throw RemoteFileChanged(reason: "the storage returned the whole file instead of a range")
        case 200:
            throw ClientError(
                .storageRefused,
                "The storage ignored a range request and returned all of '\(name)'.",
                advice: "A proxy may have removed the Range header. Try again without a proxy."
            )
        case 416:
            throw RemoteFileChanged(reason: "it is shorter than \(size) bytes")
        default:
            return false
        }
        return true
    }

    private static func changed(from known: String, to etag: String) -> RemoteFileChanged {
        RemoteFileChanged(reason: "its ETag was \(known) and is now \(etag)")
    }
}
