import Foundation
import NIOCore
import PontoonCore

extension S3Client {
    /// Properties of an object.
    struct ObjectInfo: Hashable, Sendable {
        let size: Int64
        /// The ETag, without quotes; empty if the store sends none.
        let etag: String
        /// Checksum of the whole object; `nil` if the store has none.
        let crc64: CRC64NVME?
        /// Value of ``markerHeader``; `nil` if the object has none.
        let marker: String?
        /// Whether the object is encrypted with AWS KMS, so that its ETag is not derived from its bytes.
        let hasOpaqueTags: Bool
    }

    /// Header with the user metadata that marks an object as Pontoon's; its value is the object key.
    static let markerHeader = "x-amz-meta-pontoon"

    /// Reads the properties of an object; returns `nil` if the object or the bucket does not exist.
    ///
    /// - Throws: The errors of ``send(_:)``; ``S3UnexpectedResponse`` if the response has no valid length.
    func headObject(_ key: String) async throws -> ObjectInfo? {
        let headers = [NamedValue("x-amz-checksum-mode", "ENABLED")]
        let response: S3Response
        do {
            response = try await send(S3Request("HEAD", key, headers: headers))
        } catch let error as S3Error where error.isAbsence {
            return nil
        }
        guard let size = response.headers["content-length"].flatMap(Int64.init), size >= 0 else {
            throw S3UnexpectedResponse("the response to HEAD '\(key)' has no valid Content-Length")
        }
        let encryption = response.headers["x-amz-server-side-encryption"] ?? ""
        return ObjectInfo(
            size: size,
            etag: response.headers["etag"].map(ETag.unquoted) ?? "",
            crc64: response.headers["x-amz-checksum-crc64nvme"].flatMap(CRC64NVME.init(base64:)),
            marker: response.headers[Self.markerHeader],
            hasOpaqueTags: encryption.hasPrefix("aws:kms")
        )
    }

    /// An object in a list.
    struct ListedObject: Hashable, Sendable {
        let key: String
        /// Length in bytes.
        let size: Int64
        let modifiedOn: Date
    }

    /// Passes all objects under a prefix to `body`, one page at a time.
    ///
    /// - Throws: The errors of ``send(_:)`` and `body`; ``S3UnexpectedResponse`` if the list is not valid.
    func forEachObject(prefix: String, _ body: ([ListedObject]) async throws -> Void) async throws {
        var token: String?
        while true {
            var query = [NamedValue("list-type", "2"), NamedValue("prefix", prefix)]
            if let token { query.append(NamedValue("continuation-token", token)) }
            let response = try await send(S3Request("GET", nil, query: query))
            let page = try S3XML.decode(S3XML.ObjectList.self, from: response.body)
            let objects = try (page.contents ?? []).map { object in
                ListedObject(key: object.key, size: object.size, modifiedOn: try Self.time(object.lastModified))
            }
            try await body(objects)
            guard page.isTruncated == true else { return }
            guard let next = page.nextContinuationToken, !next.isEmpty, next != token else {
                throw S3UnexpectedResponse("a truncated list of objects has no valid continuation token")
            }
            token = next
        }
    }

    /// Reads a range of an object into memory.
    ///
    /// - Parameters:
    ///   - key: The object's key.
    ///   - range: A non-empty range within the object, at most 8 MiB long.
    /// - Returns: All bytes of the range.
    /// - Throws: The errors of ``send(_:)``; ``S3UnexpectedResponse`` if the response has a status other than 206 or
    ///   does not have the length of the range.
    func getObject(_ key: String, range: Range<Int64>) async throws -> ByteBuffer {
        let header = NamedValue("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
        let response = try await send(S3Request("GET", key, headers: [header]))
        guard response.status == 206, response.body.readableBytes == range.count else {
            throw S3UnexpectedResponse("the response does not contain the requested range")
        }
        return response.body
    }

    /// Stores an object in one request, replacing any object with this key.
    ///
    /// - Throws: The errors of ``send(_:)``.
    func putObject(_ key: String, headers: [NamedValue], body: S3Request.Body = .none) async throws {
        _ = try await send(S3Request("PUT", key, headers: headers, body: body))
    }

    /// Removes an object; does nothing if the object does not exist.
    ///
    /// - Throws: The errors of ``send(_:)``.
    func deleteObject(_ key: String) async throws {
        do {
            _ = try await send(S3Request("DELETE", key))
        } catch let error as S3Error where error.code == "NoSuchKey" {}
    }
}
