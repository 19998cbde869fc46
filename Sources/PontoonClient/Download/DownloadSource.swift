import NIOHTTP1
import PontoonCore
import Synchronization

/// The state that all ranges of one file share: its signed URL, and the ETag that ties them to one version of the file.
final class DownloadSource: Sendable {
    private struct State {
        var url: String?
        /// With quotes.
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
        // Every line of the journal has the same ETag.
        state = Mutex(State(etag: earlier.values.lazy.map(\.etag).first { !$0.isEmpty }))
    }

    /// ETag of the file with quotes, once known.
    var etag: String? { state.withLock { $0.etag } }
    /// CRC-64/NVME of the whole file as the storage declared it, 16 hexadecimal digits.
    var declaredCRC64: String? { state.withLock { $0.declaredCRC64 } }

    /// Returns the signed URL; only one range at a time requests it, and the others wait for the result.
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

    /// Records the ETag, so that no later response adds bytes of another version, and a declared checksum.
    ///
    /// - Throws: ``RemoteFileChanged``.
    func note(_ headers: HTTPHeaders, for range: Range<Int64>) throws {
        // For a range, some storages declare the checksum of that range.
        let isOfWholeFile = range == 0..<size || headers.first(name: "x-amz-checksum-type") == "FULL_OBJECT"
        let declared = isOfWholeFile ? headers.first(name: "x-amz-checksum-crc64nvme") : nil
        let etag = headers.first(name: "ETag")
        let known = state.withLock { state in
            if let crc64 = declared.flatMap({ CRC64NVME(base64: $0) }) { state.declaredCRC64 = crc64.hex }
            state.etag = state.etag ?? etag
            return state.etag
        }
        // Two first responses may have arrived at the same time.
        if let etag, let known, etag != known { throw Self.changed(from: known, to: etag) }
    }

    /// Checks that a response has the requested bytes of the expected version of the file.
    ///
    /// - Parameters:
    ///   - status: The HTTP status.
    ///   - headers: The response headers.
    ///   - range: The requested range.
    ///   - known: The ETag that the request was conditional on.
    /// - Returns: `false` for an error response of the storage.
    /// - Throws: ``RemoteFileChanged``, ``TransportFailure``; `.storageRefused` if ranges are not supported.
    func accepts(status: Int, _ headers: HTTPHeaders, for range: Range<Int64>, known: String?) throws -> Bool {
        let etag = headers.first(name: "ETag")
        if [200, 206, 416].contains(status), let known, let etag, etag != known {
            throw Self.changed(from: known, to: etag)
        }
        switch status {
        case 206:
            let expected = "bytes \(range.lowerBound)-\(range.upperBound - 1)/"
            guard let actual = headers.first(name: "Content-Range"), actual.lowercased().hasPrefix(expected) else {
                throw TransportFailure(kind: .connectionLost, reason: "the response has other bytes than requested")
            }
            if let total = Int64(actual.dropFirst(expected.count)), total != size {
                throw RemoteFileChanged(reason: "its length was \(size) bytes and is \(total)")
            }
        case 200 where range == 0..<size:
            let length = headers.first(name: "Content-Length").flatMap { Int64($0) }
            guard length ?? size == size else {
                throw RemoteFileChanged(reason: "its length was \(size) bytes and is \(length ?? 0)")
            }
        case 200 where known != nil && etag == nil:
            throw RemoteFileChanged(reason: "the storage sends the whole file")
        case 200:
            throw ClientError(
                .storageRefused,
                "The storage sends '\(name)' only as a whole, not in ranges.",
                advice: "A proxy may remove the Range header. Try without a proxy."
            )
        case 416:
            throw RemoteFileChanged(reason: "it is shorter than \(size) bytes")
        default:
            return false
        }
        return true
    }

    private static func changed(from known: String, to etag: String) -> RemoteFileChanged {
        RemoteFileChanged(reason: "its ETag was \(known) and is \(etag)")
    }
}
