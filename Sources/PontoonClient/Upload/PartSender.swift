import AsyncHTTPClient
import PontoonFoundation
import NIOCore
import NIOHTTP1
import NIOPosix
import PontoonCore

/// A stored part, with the checksum computed from its bytes in the local file.
struct VerifiedPart: Sendable, Hashable {
    let number: Int
    let size: Int64
    /// ETag without quotes.
    let etag: String
    let crc64: CRC64NVME
    /// Whether the bytes match a checksum from the storage, such as the ETag; `false` if the storage provided none.
    let isVerified: Bool
}

/// A mismatch between the storage's checksum of a part and the bytes that were sent.
struct PartChecksumMismatch: Error, Sendable {}

/// The transmission of a file's parts to signed URLs, with verification of the checksums in the responses.
struct PartSender: Sendable {
    let job: UploadJob
    let file: TransferFile<UploadItem>
    let source: SourceFile

    /// Sends a part, without retries, and compares the bytes sent with the storage's checksum, if it provides one.
    ///
    /// - Parameters:
    ///   - number: Number of the part.
    ///   - range: Byte range of the part in the file.
    ///   - info: URL and headers of the request.
    /// - Returns: The stored part.
    /// - Throws: ``StorageRefusal``, ``PartChecksumMismatch``, ``TransportFailure``; ``ClientError`` if the file cannot
    ///   be read or has changed; `CancellationError`.
    func send(_ number: Int, _ range: Range<Int64>, to info: PartInfo) async throws -> VerifiedPart {
        let body = PartBody(
            range,
            of: source,
            md5: !isOwnStorage(info) && !job.storage.returnsCRC64,
            context: job.context,
            sent: file.progress.transferred
        )
        let start = ContinuousClock.now
        do {
            let response = try await put(number, body, to: info)
            let part = try await verify(response, number, body)
            job.storage.add(size: part.size, time: .now - start)
            return part
        } catch {
            file.progress.discarded(body.sentBytes)
            // If the file has changed, report the change, which is the more likely cause.
            try await job.threads.runIfActive { [source] in try source.checkUnchanged() }
            throw error
        }
    }

    /// Returns whether the part is sent to the API's own server, whose ETags are CRC-64/NVME checksums.
    private func isOwnStorage(_ info: PartInfo) -> Bool {
        job.server.hasChecksums && info.url.hasPrefix(job.client.endpoint.origin + "/")
    }

    private func put(_ number: Int, _ body: PartBody, to info: PartInfo) async throws -> HTTPResponse {
        let transport = job.client.transport
        var request = try job.client.storageRequest(.PUT, info.url, headers: info.headers, of: "part \(number)")
        let size = Int64(body.range.count)
        if size <= job.context.memory.chunkSize {
            request.body = .bytes(try await body.readAll())
        } else {
            request.body = .stream(PartBody.Chunks(body: body), length: .known(size))
        }
        let settings = transport.settings
        let response = try await withStallGuard {
            // Once all bytes are sent, only the response is awaited. Sending the part again would not make it faster.
            body.sentBytes < size ? settings.stallTimeout : settings.responseTimeout(partSize: size)
        } idleTime: {
            body.idleTime
        } _: { [request] in
            // The request has no timeout, because only the idle time is limited.
            try await transport.send(request, limit: 1 << 20)
        }
        job.client.clock.note(response.headers.first(name: "Date"))
        guard (200..<300).contains(response.status) else { throw StorageRefusal(response) }
        job.client.storageContact.note()
        return response
    }

    private func verify(_ response: HTTPResponse, _ number: Int, _ body: PartBody) async throws -> VerifiedPart {
        let headers = response.headers
        guard let etag = headers.etag?.unquoted, body.sentBytes == body.range.count else {
            throw TransportFailure(kind: .connectionLost, reason: "no ETag, or a response before all bytes were sent")
        }
        var digest = body.digest
        // With SSE-C or SSE-KMS, the ETag looks like an MD5 but is not one.
        let isOpaque =
            headers.contains(name: "x-amz-server-side-encryption-customer-algorithm")
            || headers["x-amz-server-side-encryption"].contains { $0.hasPrefix("aws:kms") }
        var match = isOpaque ? .unknown : digest.compare(etag)
        let declared = headers.first(name: "x-amz-checksum-crc64nvme").map { CRC64NVME(base64: $0) == digest.crc64 }
        if declared == true { job.storage.noteCRC64() }
        if let declared, match == .needsMD5 || match == .unknown { match = declared ? .same : .different }
        if match == .needsMD5 {
            digest = try await job.threads.runIfActive { [source] in try source.digest(body.range, md5: true) }
            match = digest.compare(etag)
        }
        // If the bytes were read a second time and the checksum differs, the file has changed.
        guard digest.crc64 == body.digest.crc64 else {
            throw source.changed("two reads of part \(number) returned different bytes")
        }
        guard match != .different else { throw PartChecksumMismatch() }
        return VerifiedPart(
            number: number,
            size: Int64(body.range.count),
            etag: etag,
            crc64: digest.crc64,
            isVerified: match == .same
        )
    }
}
