import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import PontoonCore

/// A part whose bytes the storage has, compared with the file's.
struct StoredPart: Sendable, Hashable {
    let number: Int
    let size: Int64
    /// Without quotes.
    let etag: String
    let crc64: CRC64NVME
    /// Whether the tag, or another checksum in the answer, was that of the bytes.
    let isVerified: Bool
}

/// The storage behind a signed URL refused a request.
struct StorageRefusal: Error, Sendable {
    let status: Int
    let wait: Duration?
    /// What it said, shortened.
    let message: String

    init(_ answer: HTTPAnswer) {
        status = answer.status
        wait = answer.retryAfter
        let text = String(buffer: answer.body)
        // S3 answers in XML, Pontoon in JSON; either has a word for people in it.
        let marks: [(open: String, close: String)] = [("<Message>", "</Message>"), ("\"message\":\"", "\"")]
        message =
            marks.lazy.compactMap { mark in
                guard let open = text.range(of: mark.open),
                    let close = text.range(of: mark.close, range: open.upperBound..<text.endIndex)
                else { return nil }
                return String(text[open.upperBound..<close.lowerBound])
            }.first ?? "it answered \(answer.status)"
    }
}

/// The storage holds other bytes than were sent.
struct GarbledPart: Error, Sendable {
    let etag: String
    let crc64: CRC64NVME
}

/// Sends the bytes of parts to signed URLs.
struct PartSender: Sendable {
    let transport: HTTPTransport
    let clock: ServerClock
    let lanes: PartBody.Lanes
    /// Whether the storage was seen to tell the CRC-64/NVME of parts: their MD5, which costs more than all the rest, need
    /// not be computed then.
    let storageTellsCRC: Locked<Bool>

    /// Sends a part once.
    ///
    /// - Parameters:
    ///   - body: The bytes.
    ///   - number: Which part.
    ///   - file: Where they come from.
    ///   - info: Where they go.
    /// - Returns: The stored part, compared.
    /// - Throws: ``StorageRefusal``, ``GarbledPart``, ``TransportFailure``; ``ClientError`` for the file.
    func send(_ body: PartBody, number: Int, of file: SourceFile, to info: PartInfo) async throws -> StoredPart {
        var request = HTTPClientRequest(url: info.url)
        request.method = .PUT
        request.headers = ["User-Agent": transport.settings.userAgent]
        for (name, value) in info.headers { request.headers.replaceOrAdd(name: name, value: value) }
        let size = Int64(body.range.count)
        if size <= lanes.chunk {
            request.body = .bytes(try await whole(body))
        } else {
            request.body = .stream(PartBody.Chunks(body: body), length: .known(size))
        }
        let answer = try await guardingAgainstStalls(body, request)
        clock.note(answer.headers.first(name: "Date"))
        guard (200..<300).contains(answer.status) else { throw StorageRefusal(answer) }
        guard let tag = answer.headers.first(name: "ETag"), body.sent == size else {
            throw TransportFailure(kind: .connectionLost, reason: "the storage answered without having taken the part")
        }
        return try await compare(tag.unquoted, answer.headers, body, number, file)
    }

    private func whole(_ body: PartBody) async throws -> ByteBuffer {
        var bytes = try await body.next() ?? ByteBuffer()
        while let more = try await body.next() { bytes.writeImmutableBuffer(more) }
        return bytes
    }

    /// There is no limit for the whole, only for standing still.
    private func guardingAgainstStalls(_ body: PartBody, _ request: HTTPClientRequest) async throws -> HTTPAnswer {
        let limit = transport.settings.stallTimeout
        return try await withThrowingTaskGroup(of: HTTPAnswer?.self) { group in
            group.addTask { [transport] in
                try await transport.send(request, timeout: .seconds(7 * 24 * 3600), limit: 1 << 20)
            }
            group.addTask {
                while body.idleTime < limit { try await Task.sleep(for: min(limit / 4, .seconds(2))) }
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let answer = first else {
                throw TransportFailure(kind: .timedOut, reason: "no byte moved for \(limit)")
            }
            return answer
        }
    }

    private func compare(
        _ etag: String,
        _ headers: HTTPHeaders,
        _ body: PartBody,
        _ number: Int,
        _ file: SourceFile
    ) async throws -> StoredPart {
        var digest = body.digest
        // With keys of a key service the tag is no checksum, though it looks like one.
        let isOpaque =
            headers.contains(name: "x-amz-server-side-encryption-customer-algorithm")
            || headers["x-amz-server-side-encryption"].contains { $0.hasPrefix("aws:kms") }
        var match = isOpaque ? .unknown : digest.compare(etag)
        let declared = headers.first(name: "x-amz-checksum-crc64nvme").map { CRC64NVME(base64: $0) == digest.crc64 }
        if declared == true { storageTellsCRC.value = true }
        if let declared, match == .needsMD5 || match == .unknown { match = declared ? .same : .different }
        if match == .needsMD5 {
            digest = try await lanes.threads.runIfActive { try file.digest(body.range, md5: true) }
            match = digest.compare(etag)
        }
        // Read twice with two results: the file is what changed.
        guard digest.crc64 == body.digest.crc64 else { throw file.changed("a part of it was read with two contents") }
        guard match != .different else { throw GarbledPart(etag: etag, crc64: digest.crc64) }
        return StoredPart(
            number: number,
            size: Int64(body.range.count),
            etag: etag,
            crc64: digest.crc64,
            isVerified: match == .same
        )
    }
}
