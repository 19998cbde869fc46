package import PontoonCore

extension S3ObjectStore {
    package func listParts(of upload: Upload) async throws -> [ListedPart]? {
        guard let handle = upload.handle else { return nil }
        return try await refusing(as: .completeRefused, Self.noAnswer) {
            do {
                return try await client.listParts(name(upload.key), uploadID: handle.rawValue).map { part in
                    guard let size = part.size, let number = try? PartNumber(part.number) else {
                        throw S3BadAnswer("a part without number or length")
                    }
                    return ListedPart(number: number, size: size, etag: unquoted(part.etag))
                }
            } catch let error as S3Error where error.code == "NoSuchUpload" {
                return nil
            }
        }
    }

    @discardableResult
    package func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject {
        try await refusing(as: .completeRefused, Self.noAnswer) {
            let filled = parts.filter { $0.size > 0 }
            do {
                try await filled.isEmpty ? makeEmpty(upload) : complete(upload, filled)
            } catch let error as S3Error where error.code == "NoSuchUpload" {
                // An earlier call may have done it, and its answer was lost.
                guard let object = try await finishedObject(of: upload, parts: parts) else { throw error }
                return object
            } catch let error as S3Error {
                guard let reason = Self.reasons[error.code] else { throw error }
                throw PontoonError(.completeRefused, reason, cause: error)
            }
            guard let info = try await client.headObject(name(upload.key)) else {
                throw S3BadAnswer("no object where one was just made")
            }
            return Self.object(info)
        }
    }

    package func finishedObject(of upload: Upload, parts: [PartRecord]) async throws -> FinishedObject? {
        try await refusing(as: .completeRefused, Self.noAnswer) {
            guard let info = try await client.headObject(name(upload.key)), info.marker == upload.key.rawValue,
                info.hasOpaqueTags || MultipartTag.agrees(info.etag, with: parts.map(\.etag))
            else { return nil }
            return Self.object(info)
        }
    }

    private static func object(_ info: S3Client.ObjectInfo) -> FinishedObject {
        FinishedObject(size: info.size, crc64: info.crc64 ?? (info.size == 0 ? CRC64NVME() : nil))
    }

    /// S3 makes no object of no parts.
    private func makeEmpty(_ upload: Upload) async throws {
        try await client.putObject(name(upload.key), headers: headers(upload.key))
        if let handle = upload.handle {
            try await client.abortMultipartUpload(name(upload.key), uploadID: handle.rawValue)
        }
    }

    private func complete(_ upload: Upload, _ parts: [PartRecord]) async throws {
        guard let handle = upload.handle else { throw S3BadAnswer("no multipart upload to complete") }
        // The very tags: SeaweedFS keeps both versions of a part that was sent again, and takes the one that is named.
        let named = parts.map { S3XML.Part(number: $0.number.rawValue, etag: "\"\($0.etag)\"") }
        try await client.completeMultipartUpload(name(upload.key), uploadID: handle.rawValue, parts: named)
    }

    /// Refusals that the client can do something about.
    private static let reasons = [
        "InvalidPart": "A reported part is not stored any more with its ETag; send it again and report it.",
        "InvalidPartOrder": "The object store does not take the parts in this order.",
        "EntityTooSmall": "A part that is not the last is shorter than the object store allows.",
        "EntityTooLarge": "The parts together are longer than the object store allows.",
    ]
}
