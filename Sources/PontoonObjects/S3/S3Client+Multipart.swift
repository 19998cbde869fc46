import Foundation
import NIOCore

extension S3Client {
    /// A multipart upload that was neither completed nor aborted.
    struct OpenUpload: Hashable, Sendable {
        let key: String
        let id: String
        let initiatedOn: Date
    }

    /// Begins a multipart upload.
    ///
    /// - Parameters:
    ///   - key: The object's key.
    ///   - headers: Become the object's own, such as its content type.
    /// - Returns: The store's id of the upload. One whose answer was lost stays behind as an orphan.
    /// - Throws: ``S3Error``, ``S3Unreachable``.
    func createMultipartUpload(_ key: String, headers: [NamedValue]) async throws -> String {
        let request = S3Request("POST", key, query: [NamedValue("uploads", "")], headers: headers)
        return try S3XML.decode(S3XML.Initiated.self, from: try await send(request).body).uploadID
    }

    /// Stores a part.
    ///
    /// - Returns: Its tag, as the store writes it.
    func uploadPart(_ key: String, uploadID: String, number: Int, body: S3Request.Body) async throws -> String {
        let query = [NamedValue("partNumber", "\(number)"), NamedValue("uploadId", uploadID)]
        guard let etag = try await send(S3Request("PUT", key, query: query, body: body)).headers["etag"] else {
            throw S3BadAnswer("a part without an ETag")
        }
        return etag
    }

    /// All parts of an upload, as the store lists them.
    func listParts(_ key: String, uploadID: String) async throws -> [S3XML.Part] {
        var parts: [S3XML.Part] = []
        var marker: Int?
        while true {
            var query = [NamedValue("uploadId", uploadID)]
            if let marker { query.append(NamedValue("part-number-marker", "\(marker)")) }
            let answer = try await send(S3Request("GET", key, query: query))
            let page = try S3XML.decode(S3XML.PartList.self, from: answer.body)
            let found = page.parts ?? []
            parts += found
            guard page.isTruncated == true else { return parts }
            guard let next = page.nextMarker ?? found.last?.number, next > (marker ?? 0) else {
                throw S3BadAnswer("a list of parts that does not go on")
            }
            marker = next
        }
    }

    /// Uploads under a prefix that were neither completed nor aborted, a page at a time.
    func forEachOpenUpload(
        prefix: String,
        pageSize: Int? = nil,
        _ body: ([OpenUpload]) async throws -> Void
    ) async throws {
        var marker: [NamedValue] = []
        while true {
            var query = [NamedValue("uploads", ""), NamedValue("prefix", prefix)] + marker
            if let pageSize { query.append(NamedValue("max-uploads", "\(pageSize)")) }
            let answer = try await send(S3Request("GET", nil, query: query))
            let page = try S3XML.decode(S3XML.UploadList.self, from: answer.body)
            let uploads = try (page.uploads ?? []).map { upload in
                OpenUpload(key: upload.key, id: upload.uploadID, initiatedOn: try Self.time(upload.initiated))
            }
            try await body(uploads)
            guard page.isTruncated == true else { return }
            let next = [("key-marker", page.nextKey), ("upload-id-marker", page.nextUploadID)]
                // SeaweedFS lists by upload id: with a key as well, which it does not name, it would skip some.
                .compactMap { name, value in value.map { NamedValue(name, $0) } }
                .filter { !$0.value.isEmpty }
            guard !next.isEmpty, next != marker else {
                throw S3BadAnswer("a list of uploads that does not go on")
            }
            marker = next
        }
    }

    /// Makes the object of parts that are named with their tags.
    ///
    /// Sent again when the answer was lost; the store may say `NoSuchUpload` then, although the object is there.
    func completeMultipartUpload(_ key: String, uploadID: String, parts: [S3XML.Part]) async throws {
        let request = S3Request(
            "POST",
            key,
            query: [NamedValue("uploadId", uploadID)],
            headers: [NamedValue("Content-Type", "application/xml")],
            body: .bytes(try S3XML.encode(S3XML.Completion(parts: parts)))
        )
        try await retrying {
            let response = try await sendOnce(request)
            // The status was sent before the work was done.
            if S3XML.error(response.body) != nil { throw Self.error(response) }
            _ = try S3XML.decode(S3XML.Completed.self, from: response.body)
        }
    }

    /// Ends an upload and its parts; nothing happens when there is none.
    func abortMultipartUpload(_ key: String, uploadID: String) async throws {
        do {
            _ = try await send(S3Request("DELETE", key, query: [NamedValue("uploadId", uploadID)]))
        } catch let error as S3Error where error.code == "NoSuchUpload" {}
    }

    /// Reads `2026-11-23T17:00:00.000Z`, with or without a fraction.
    private static func time(_ text: String) throws -> Date {
        for style in [Date.ISO8601FormatStyle(includingFractionalSeconds: true), .iso8601] {
            if let time = try? style.parse(text) { return time }
        }
        throw S3BadAnswer("a time that is none")
    }
}
