package import Foundation
package import NIOCore
package import PontoonCore
import Synchronization

extension S3ObjectStore {
    package func listParts(of upload: Upload) async throws -> [ListedPart]? {
        guard let handle = upload.handle else { return nil }
        return try await refusing(as: .completeRefused, Self.unexpectedResponse) {
            do {
                return try await client.listParts(name(upload.key), uploadID: handle.rawValue)
            } catch let error as S3Error where error.code == "NoSuchUpload" {
                return nil
            }
        }
    }

    package func timeOfLastPart(of upload: Upload) async throws -> Date? {
        guard let handle = upload.handle else { return nil }
        do {
            return try await client.timeOfLastPart(name(upload.key), uploadID: handle.rawValue)
        } catch let error as S3Error where error.code == "NoSuchUpload" {
            return nil
        }
    }

    @discardableResult
    package func finish(_ upload: Upload, parts: [ListedPart]) async throws -> FinishedObject {
        try await refusing(as: .completeRefused, Self.unexpectedResponse) {
            let filled = parts.filter { $0.size > 0 }
            do {
                try await complete(upload, filled)
            } catch let error as S3Error where error.code == "NoSuchUpload" {
                // An earlier call, whose response was lost, may have completed the upload.
                guard let object = try await finishedObject(of: upload, etags: parts.map(\.etag)) else { throw error }
                return object
            } catch let error as S3Error {
                guard let reason = Self.reasons[error.code] else { throw error }
                throw PontoonError(.completeRefused, reason, cause: error)
            }
            guard let info = try await client.headObject(name(upload.key)) else {
                throw S3UnexpectedResponse("an object that was just created does not exist")
            }
            return Self.object(info)
        }
    }

    package func finishedObject(of upload: Upload, etags: [String]) async throws -> FinishedObject? {
        try await refusing(as: .completeRefused, Self.unexpectedResponse) {
            guard let info = try await client.headObject(name(upload.key)), info.marker == upload.key.rawValue,
                info.hasOpaqueTags || MultipartTag.agrees(info.etag, with: etags)
            else { return nil }
            return Self.object(info)
        }
    }

    private static func object(_ info: S3Client.ObjectInfo) -> FinishedObject {
        FinishedObject(size: info.size, crc64: info.crc64 ?? (info.size == 0 ? CRC64NVME() : nil))
    }

    /// Creates an empty object with `PutObject`, because S3 cannot complete a multipart upload without parts.
    @discardableResult
    package func createEmptyObject(_ key: ObjectKey) async throws -> FinishedObject {
        try await refusing(as: .completeRefused, Self.unexpectedResponse) {
            try await client.putObject(name(key), headers: headers(key))
            return FinishedObject(size: 0, crc64: CRC64NVME())
        }
    }

    package func createObject(_ key: ObjectKey, bytes: ByteBuffer, crc64: CRC64NVME) async throws {
        try await refusing(as: .noRoom, "The object store refused the file.") {
            var headers = headers(key)
            if capabilities.computesAnnouncedChecksums.load(ordering: .relaxed) {
                headers.append(NamedValue("x-amz-checksum-crc64nvme", crc64.base64))
            }
            try await client.putObject(
                name(key),
                headers: headers,
                body: bytes.readableBytes == 0 ? .none : .bytes(bytes)
            )
        }
    }

    /// Completes an upload with the ETags exactly as the store lists them.
    ///
    /// If a part was sent twice, SeaweedFS keeps both versions and uses the version with the given ETag.
    private func complete(_ upload: Upload, _ parts: [ListedPart]) async throws {
        guard let handle = upload.handle else {
            throw S3UnexpectedResponse("the record of upload \(upload.id) has no multipart upload id")
        }
        try await client.completeMultipartUpload(name(upload.key), uploadID: handle.rawValue, parts: parts)
    }

    /// Messages for errors that the reported parts cause, keyed by S3 error code.
    private static let reasons = [
        "InvalidPart": "A reported part is no longer stored with its ETag; send and report the part again.",
        "InvalidPartOrder": "The object store does not accept the parts in this order.",
        "EntityTooSmall": "A part other than the last is smaller than the object store allows.",
        "EntityTooLarge": "The total size of the parts is larger than the object store allows.",
    ]
}
