package import Foundation
package import NIOCore

/// Receives the bytes of parts and vouches for them.
package struct Parts: Sendable {
    private let metadata: any UploadStore & PartStore
    private let objects: any StreamingObjectStore
    private let hasher: PrefixHasher
    private let now: @Sendable () -> Date

    /// Works on two stores.
    package init(
        metadata: any UploadStore & PartStore,
        objects: any StreamingObjectStore,
        hasher: PrefixHasher,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.objects = objects
        self.hasher = hasher
        self.now = now
    }

    /// Stores one part, in place of an earlier one of its number.
    ///
    /// The order is what makes `200` true: earlier record forgotten → bytes written → length and checksums compared →
    /// bytes durable → new record committed → answer.
    ///
    /// - Parameters:
    ///   - number: Which part.
    ///   - uploadID: Of which upload.
    ///   - body: The bytes, pulled one chunk at a time.
    ///   - length: Bytes that were announced; `nil` when unknown.
    ///   - expected: Checksums that were announced.
    /// - Returns: The part's tag, without quotes.
    /// - Throws: `.uploadNotFound` when the upload is not active, also when it ended meanwhile; `.partTooLong`;
    ///   `.bodyIncomplete`; `.checksumMismatch`; `.storageFull`. Nothing is stored then, and an earlier part of this number
    ///   is not vouched for any more once its bytes may have been touched.
    package func store<Body: AsyncSequence & Sendable>(
        _ number: PartNumber,
        of uploadID: String,
        body: Body,
        length: Int64?,
        expecting expected: ExpectedChecksums
    ) async throws -> String where Body.Element == ByteBuffer {
        // Whether it is active still is asked again when a part is forgotten and when it is recorded.
        guard let upload = try await metadata.upload(uploadID, reading: .cached), upload.state == .active else {
            throw Uploads.notFound
        }
        let limit = PartSizing.longestPart(size: upload.size)
        guard (length ?? 0) <= limit else { throw Self.tooLong(limit) }
        let writer = try await objects.openPart(number, of: upload, length: length, expecting: expected)
        var mayBeRecorded = false
        do {
            if let old = try await metadata.forgetPart(number, of: uploadID) {
                try await drop(old, of: upload, for: writer)
            }
            let digest = try await receive(body, into: writer, length: length, limit: limit)
            mayBeRecorded = true
            let part = try await record(digest, number, of: uploadID, place: writer.place)
            if let old = part.replaced { try await drop(old, of: upload, for: writer) }
            await writer.close()
            if upload.md5 != nil { await hasher.partStored(of: upload) }
            return part.stored.etag
        } catch {
            // Whether a commit that failed took place is known at the next start only: until then the bytes must stay.
            if !mayBeRecorded || error is PontoonError { await writer.discard() }
            await writer.close()
            await removeLeftovers(of: upload)
            throw error
        }
    }

    /// Takes the whole body and makes it durable.
    private func receive<Body: AsyncSequence & Sendable>(
        _ body: Body,
        into writer: any PartWriter,
        length: Int64?,
        limit: Int64
    ) async throws -> PartDigest.Result where Body.Element == ByteBuffer {
        var received: Int64 = 0
        var digest: PartDigest.Result?
        for try await chunk in body where chunk.readableBytes > 0 {
            received += Int64(chunk.readableBytes)
            guard received <= limit else { throw Self.tooLong(limit) }
            if received == length {
                digest = try await writer.finish(chunk)
            } else {
                try await writer.write(chunk)
            }
        }
        // A cancelled task sees the body end early.
        try Task.checkCancellation()
        if let length, received != length {
            throw PontoonError(.bodyIncomplete, "\(received) of \(length) announced bytes arrived.")
        }
        if let digest { return digest }
        return try await writer.sync()
    }

    private func record(
        _ digest: PartDigest.Result,
        _ number: PartNumber,
        of uploadID: String,
        place: PartLocation
    ) async throws -> (stored: PartRecord, replaced: PartRecord?) {
        if let header = digest.mismatch {
            throw PontoonError(.checksumMismatch, "The bytes that arrived do not have the checksum in \(header).")
        }
        let part = PartRecord(
            number: number,
            size: digest.size,
            etag: digest.crc64.hex,
            crc64: digest.crc64,
            place: place,
            storedOn: now()
        )
        return (part, try await metadata.recordPart(part, of: uploadID))
    }

    private func drop(_ old: PartRecord, of upload: Upload, for writer: any PartWriter) async throws {
        if old.place != writer.place { try await objects.discardPart(old, of: upload) }
    }

    /// An upload that ended while the part streamed may have been cleared away before this part made its file.
    ///
    /// An error here must not hide why the part was refused; the next start removes the same leftovers.
    private func removeLeftovers(of upload: Upload) async {
        do {
            // Only what an unfinished upload leaves: a finished object may still be used by a copy in another project.
            if try await metadata.upload(upload.id) == nil { try await objects.settle(upload.key) }
        } catch {}
    }

    private static func tooLong(_ limit: Int64) -> PontoonError {
        PontoonError(.partTooLong, "The part is longer than \(limit) bytes.")
    }
}
