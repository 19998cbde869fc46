import Foundation
import NIOCore
import PontoonCore

extension S3Client {
    /// An unfinished multipart upload.
    struct OpenUpload: Hashable, Sendable {
        let key: String
        let id: String
        let initiatedOn: Date
    }

    /// Starts a multipart upload.
    ///
    /// - Parameters:
    ///   - key: The object's key.
    ///   - headers: Headers of the future object, such as its content type.
    /// - Returns: The store's id of the upload. If the response is lost, the upload remains as an orphan.
    /// - Throws: The errors of ``send(_:)``; ``S3UnexpectedResponse`` if the response has no id.
    func createMultipartUpload(_ key: String, headers: [NamedValue]) async throws -> String {
        let request = S3Request("POST", key, query: [NamedValue("uploads", "")], headers: headers)
        return try S3XML.decode(S3XML.InitiatedUpload.self, from: try await send(request).body).uploadId
    }

    /// Sends a part of a multipart upload to the store.
    ///
    /// - Returns: The part's ETag, without quotes.
    /// - Throws: The errors of ``send(_:)``; ``S3UnexpectedResponse`` if the response has no ETag.
    func uploadPart(
        _ key: String,
        uploadID: String,
        number: Int,
        headers: [NamedValue] = [],
        body: S3Request.Body
    ) async throws -> String {
        let query = [NamedValue("partNumber", "\(number)"), NamedValue("uploadId", uploadID)]
        let request = S3Request("PUT", key, query: query, headers: headers, body: body)
        guard let etag = try await send(request).headers["etag"] else {
            throw S3UnexpectedResponse("the response to UploadPart has no ETag")
        }
        return ETag.unquoted(etag)
    }

    /// Lists all parts of an upload, ordered by number.
    ///
    /// - Throws: The errors of ``send(_:)``; ``S3UnexpectedResponse`` if the list is not valid.
    func listParts(_ key: String, uploadID: String) async throws -> [ListedPart] {
        var parts: [ListedPart] = []
        try await forEachPart(key, uploadID: uploadID) { part, number in
            guard let size = part.size, size >= 0 else {
                throw S3UnexpectedResponse("a listed part has no valid size")
            }
            parts.append(ListedPart(number: number, size: size, etag: ETag.unquoted(part.eTag)))
        }
        return parts
    }

    /// Returns the latest time at which a part of an upload was stored; `nil` if there are no parts or the store
    /// reports no times.
    ///
    /// - Throws: The errors of ``listParts(_:uploadID:)``.
    func timeOfLastPart(_ key: String, uploadID: String) async throws -> Date? {
        var last: Date?
        try await forEachPart(key, uploadID: uploadID) { part, _ in
            guard let time = try part.lastModified.map(Self.time) else { return }
            last = max(last ?? time, time)
        }
        return last
    }

    /// Passes all parts of an upload to `body`, ordered by number.
    private func forEachPart(
        _ key: String,
        uploadID: String,
        _ body: (S3XML.Part, PartNumber) throws -> Void
    ) async throws {
        var marker: Int?
        while true {
            var query = [NamedValue("uploadId", uploadID)]
            if let marker { query.append(NamedValue("part-number-marker", "\(marker)")) }
            let response = try await send(S3Request("GET", key, query: query))
            let page = try S3XML.decode(S3XML.PartList.self, from: response.body)
            let found = page.part ?? []
            for part in found {
                guard let number = try? PartNumber(part.partNumber) else {
                    throw S3UnexpectedResponse("a listed part has no valid number")
                }
                try body(part, number)
            }
            guard page.isTruncated == true else { return }
            guard let next = page.nextPartNumberMarker ?? found.last?.partNumber, next > (marker ?? 0),
                PartNumber.limits.contains(next)
            else {
                throw S3UnexpectedResponse("a truncated list of parts has no valid NextPartNumberMarker")
            }
            marker = next
        }
    }

    /// Passes all unfinished multipart uploads under a prefix to `body`, one page at a time.
    ///
    /// A page has at most `pageSize` uploads; by default, the store chooses the limit.
    ///
    /// - Throws: The errors of ``send(_:)`` and `body`; ``S3UnexpectedResponse`` if the list is not valid.
    func forEachOpenUpload(
        prefix: String,
        pageSize: Int? = nil,
        _ body: ([OpenUpload]) async throws -> Void
    ) async throws {
        var marker: [NamedValue] = []
        while true {
            var query = [NamedValue("uploads", ""), NamedValue("prefix", prefix)] + marker
            if let pageSize { query.append(NamedValue("max-uploads", "\(pageSize)")) }
            let response = try await send(S3Request("GET", nil, query: query))
            let page = try S3XML.decode(S3XML.UploadList.self, from: response.body)
            let uploads = try (page.upload ?? []).map { upload in
                OpenUpload(key: upload.key, id: upload.uploadId, initiatedOn: try Self.time(upload.initiated))
            }
            try await body(uploads)
            guard page.isTruncated == true else { return }
            let next = [("key-marker", page.nextKeyMarker), ("upload-id-marker", page.nextUploadIdMarker)]
                // SeaweedFS lists uploads in order of their ids and returns no key marker. If a request contained one,
                // SeaweedFS would skip some uploads.
                .compactMap { name, value in value.map { NamedValue(name, $0) } }
                .filter { !$0.value.isEmpty }
            guard !next.isEmpty, next != marker else {
                throw S3UnexpectedResponse("a truncated list of uploads has no valid next marker")
            }
            marker = next
        }
    }

    /// Completes an upload: combines the given parts, identified by number and ETag, into the object.
    ///
    /// Retries the request if its response is lost. The store may then respond with `NoSuchUpload` although the object
    /// exists.
    ///
    /// - Throws: The errors of ``send(_:)``, including an ``S3Error`` that the store reports with status 200;
    ///   ``S3UnexpectedResponse`` if the response is not a valid result.
    func completeMultipartUpload(_ key: String, uploadID: String, parts: [ListedPart]) async throws {
        let request = S3Request(
            "POST",
            key,
            query: [NamedValue("uploadId", uploadID)],
            headers: [NamedValue("Content-Type", "application/xml")],
            body: .bytes(try S3XML.completion(of: parts))
        )
        try await retrying {
            let response = try await sendOnce(request)
            // The store may send status 200 before it has combined the parts, so the body may contain an error.
            if S3XML.error(response.body) != nil { throw Self.error(response) }
            _ = try S3XML.decode(S3XML.CompletedUpload.self, from: response.body)
        }
    }

    /// Removes an upload and its parts; does nothing if the upload does not exist.
    ///
    /// - Throws: The errors of ``send(_:)``.
    func abortMultipartUpload(_ key: String, uploadID: String) async throws {
        do {
            _ = try await send(S3Request("DELETE", key, query: [NamedValue("uploadId", uploadID)]))
        } catch let error as S3Error where error.code == "NoSuchUpload" {}
    }

    /// Parses a time such as `2026-11-23T17:00:00.000Z`, with or without fractional seconds.
    static func time(_ text: String) throws -> Date {
        for style in [Date.ISO8601FormatStyle(includingFractionalSeconds: true), .iso8601] {
            if let time = try? style.parse(text) { return time }
        }
        throw S3UnexpectedResponse("the time '\(text)' is not in ISO 8601 format")
    }
}
