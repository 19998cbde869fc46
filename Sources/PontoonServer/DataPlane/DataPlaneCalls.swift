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
        // No signed URL allows any other method.
        for path in [part, file] {
            routes.refuseOtherMethods(of: path, with: PontoonError(.urlRefused, "The URL does not allow this method."))
        }
    }

    @Sendable private func putPart(_ request: Request, _ context: AppContext) async throws -> Response {
        // The URL is verified only when the request starts, so it may expire while the body is still arriving.
        try await urls.verify(try SignedPath(request, method: request.method.rawValue), now: now())
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
        try await urls.verify(try SignedPath(request, method: "GET"), now: now())
        let (file, content) = try await downloads.file(try context.segment("file_id"))
        context.record.note(
            AuditEntry.Object(id: file.id, name: file.name, project: file.project.description)
        )
        let download = Download(file: file, content: content, now: now())
        let headers = download.headers(for: request.headers)
        return try await .representation(download.validators, headers: headers, for: request) { range in
            let reader = try await downloads.open(content, of: file)
            context.record.beginSending()
            let objects = ObjectSender(
                channel: context.channel,
                isEncrypted: usesTLS,
                record: context.record,
                metrics: metrics
            )
            let sender = RangeSender(reader: reader, range: range, objects: objects)
            return ResponseBody(contentLength: range.count) { try await sender.send(to: &$0) }
        }
    }
}

extension SignedPath {
    /// Reads the authorization from the URL of a request, without verifying the signature.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - method: The method that the URL must allow. A URL for `GET` also allows `HEAD`.
    /// - Throws: `.urlRefused` if `expires`, `key` or `signature` is missing, or `expires` is not an integer;
    ///   `.badRequest` if the query cannot be decoded.
    init(_ request: Request, method: String) throws(PontoonError) {
        let query = try Query(request)
        guard let expires = query["expires"].flatMap({ Int64($0) }), let key = query["key"],
            let signature = query["signature"]
        else {
            throw PontoonError(.urlRefused, "The URL lacks a valid 'expires', 'key' or 'signature'; request a new URL.")
        }
        self.init(method: method, path: request.uri.path, expires: expires, keyID: key, signature: signature)
    }
}

extension Request {
    /// Returns the length of the body in `Content-Length`; `nil` if the header is absent.
    ///
    /// - Throws: `.badRequest` if the header is not a non-negative integer.
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
    /// - Throws: `.checksumMalformed` for a malformed checksum.
    init(_ headers: HTTPFields) throws(PontoonError) {
        try self.init(
            crc64nvme: headers[.checksumCRC64NVME],
            crc32c: headers[.checksumCRC32C],
            sha256: headers[.checksumSHA256],
            contentMD5: headers[.contentMD5]
        )
    }
}
