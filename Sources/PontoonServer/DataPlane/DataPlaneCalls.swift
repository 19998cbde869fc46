import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The request handlers of the data plane: `PUT` of parts, and `GET` of files, at signed URLs without a token.
///
/// Source: docs/api.md#data-plane.
struct DataPlaneCalls {
    let parts: Parts
    let downloads: Downloads
    let urls: DataPlaneURLs
    let budget: ReceiveBufferBudget
    let metrics: ServerMetrics
    /// Whether the server encrypts its connections.
    let usesTLS: Bool
    let now: @Sendable () -> Date

    func add(to routes: Routes) {
        let part = "/storage/parts/{upload_id}/{part_number}"
        let file = "/storage/files/{file_id}"
        routes.open(.put, part, changes: true, putPart)
        routes.open(.get, file, getFile)
        // This server signs URLs for no other method.
        for path in [part, file] {
            routes.refuseOtherMethods(of: path, with: PontoonError(.urlRefused, "The URL does not allow this method."))
        }
    }

    @Sendable private func putPart(_ request: Request, _ context: AppContext) async throws -> Response {
        // Verified only when the request starts, so a body that is still arriving when the URL expires is accepted.
        try await verify(request)
        let number = try PartNumber(text: try context.segment("part_number"))
        let uploadID = try context.segment("upload_id")
        let length = try request.announcedLength()
        let expected = try ExpectedChecksums(request.headers)
        let etag = try await budget.receiving {
            try await parts.store(number, of: uploadID, body: request.body, length: length, expecting: expected)
        }
        return Response(status: .ok, headers: [.eTag: "\"\(etag)\"", .contentLength: "0"])
    }

    @Sendable private func getFile(_ request: Request, _ context: AppContext) async throws -> Response {
        try await verify(request, as: "GET")
        let (file, content) = try await downloads.file(try context.segment("file_id"))
        context.record.note(
            AuditEntry.Object(id: file.id, name: file.name, project: file.project.description)
        )
        let download = Download(file: file, content: content, now: now())
        switch download.outcome(of: request.headers) {
        case .preconditionFailed:
            throw PontoonError(.preconditionFailed, "The file does not satisfy the conditions of the request.")
        case .notModified:
            return Response(status: .notModified, headers: download.headers)
        case .unsatisfiable:
            var response = Response.refusal(
                PontoonError(.rangeNotSatisfiable, "The range is outside the file, which has \(content.size) bytes.")
            )
            response.headers[.contentRange] = "bytes */\(content.size)"
            return response
        case .whole:
            return try await send(download, 0..<content.size, status: .ok, request, context)
        case .range(let range):
            return try await send(download, range, status: .partialContent, request, context)
        }
    }

    private func send(
        _ download: Download,
        _ range: Range<Int64>,
        status: HTTPResponse.Status,
        _ request: Request,
        _ context: AppContext
    ) async throws -> Response {
        var headers = download.headers
        headers[.contentLength] = String(range.count)
        if status == .partialContent {
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(download.content.size)"
        }
        if request.method == .head { return Response(status: status, headers: headers) }
        let reader = try await downloads.open(download.content, of: download.file)
        context.record.beginSending()
        let sender = RangeSender(
            reader: reader,
            range: range,
            channel: context.channel,
            isEncrypted: usesTLS,
            record: context.record,
            metrics: metrics
        )
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(contentLength: range.count) { try await sender.send(to: &$0) }
        )
    }

    private func verify(_ request: Request, as method: String? = nil) async throws {
        let query = Query(request)
        guard let expires = query["expires"].flatMap({ Int64($0) }), let key = query["key"],
            let signature = query["signature"]
        else {
            throw PontoonError(.urlRefused, "The URL lacks a valid 'expires', 'key' or 'signature'; request a new URL.")
        }
        let signed = SignedPath(
            method: method ?? request.method.rawValue,
            path: request.uri.path,
            expires: expires,
            keyID: key,
            signature: signature
        )
        try await urls.verify(signed, now: now())
    }
}

extension Request {
    /// Returns the length of the body in `Content-Length`; `nil` if the header is absent.
    ///
    /// - Throws: `.badRequest` if it is not a non-negative integer.
    func announcedLength() throws(PontoonError) -> Int64? {
        guard let text = headers[.contentLength] else { return nil }
        guard let length = Int64(text), length >= 0 else {
            throw PontoonError(.badRequest, "The Content-Length header '\(text)' is not a non-negative integer.")
        }
        return length
    }
}

extension ExpectedChecksums {
    /// Reads the checksums in the headers of a request.
    ///
    /// - Throws: `.checksumMalformed`.
    init(_ headers: HTTPFields) throws(PontoonError) {
        try self.init(
            crc64nvme: headers[.checksumCRC64NVME],
            crc32c: headers[.checksumCRC32C],
            sha256: headers[.checksumSHA256],
            contentMD5: headers[.contentMD5]
        )
    }
}
