import Foundation
import NIOCore
import PontoonCore

extension S3Client {
    /// What the store says of an object.
    struct ObjectInfo: Hashable, Sendable {
        let size: Int64
        /// Without quotes.
        let etag: String
        /// Of all bytes; `nil` when the store keeps none.
        let crc64: CRC64NVME?
        /// What was given as user metadata ``markerHeader``.
        let marker: String?
        /// Whether tags are something else than hashes of the bytes.
        let hasOpaqueTags: Bool
    }

    /// User metadata by which an object is known to be ours.
    static let markerHeader = "x-amz-meta-pontoon"

    /// - Returns: `nil` when there is no such object.
    func headObject(_ key: String) async throws -> ObjectInfo? {
        let headers = [NamedValue("x-amz-checksum-mode", "ENABLED")]
        let response: S3Response
        do {
            response = try await send(S3Request("HEAD", key, headers: headers))
        } catch let error as S3Error where error.isAbsence {
            return nil
        }
        guard let size = response.headers["content-length"].flatMap(Int64.init) else {
            throw S3BadAnswer("an object without a length")
        }
        let encryption = response.headers["x-amz-server-side-encryption"] ?? ""
        return ObjectInfo(
            size: size,
            etag: response.headers["etag"].map(unquoted) ?? "",
            crc64: response.headers["x-amz-checksum-crc64nvme"].flatMap(CRC64NVME.init(base64:)),
            marker: response.headers[Self.markerHeader],
            hasOpaqueTags: encryption.hasPrefix("aws:kms")
        )
    }

    /// Reads a stretch of an object into memory.
    ///
    /// - Parameters:
    ///   - key: The object's key.
    ///   - range: Not empty, within the object, at most 8 MiB.
    /// - Returns: All bytes of the stretch.
    /// - Throws: ``S3Error``, ``S3Unreachable``.
    func getObject(_ key: String, range: Range<Int64>) async throws -> ByteBuffer {
        let header = NamedValue("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")
        let response = try await send(S3Request("GET", key, headers: [header]))
        guard response.status == 206, response.body.readableBytes == range.count else {
            throw S3BadAnswer("another range than was asked for")
        }
        return response.body
    }

    /// Stores an object in one request.
    func putObject(_ key: String, headers: [NamedValue], body: S3Request.Body = .none) async throws {
        _ = try await send(S3Request("PUT", key, headers: headers, body: body))
    }

    /// Removes an object; nothing happens when there is none.
    func deleteObject(_ key: String) async throws {
        do {
            _ = try await send(S3Request("DELETE", key))
        } catch let error as S3Error where error.code == "NoSuchKey" {}
    }
}

/// A tag without the quotes around it.
func unquoted(_ etag: String) -> String {
    etag.count >= 2 && etag.hasPrefix("\"") && etag.hasSuffix("\"") ? String(etag.dropFirst().dropLast()) : etag
}
