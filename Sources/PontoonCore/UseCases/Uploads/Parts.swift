package import PontoonFoundation
package import NIOCore

/// The use case that receives and stores the bytes of parts, with a streaming store.
package struct Parts: Sendable {
    private let metadata: any UploadStore & PartStore
    private let objects: any StreamingObjectStore
    private let hasher: PrefixHasher
    private let received: ThroughputMeter
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - objects: The object store.
    ///   - hasher: Computes MD5s while parts arrive.
    ///   - received: Measures the rate at which the bytes of stored parts arrive.
    ///   - now: Returns the current time.
    package init(
        metadata: any UploadStore & PartStore,
        objects: any StreamingObjectStore,
        hasher: PrefixHasher,
        received: ThroughputMeter = ThroughputMeter(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.objects = objects
        self.hasher = hasher
        self.received = received
        self.now = now
    }

    /// Stores one part, replacing an earlier part with the same number.
    ///
    /// The order of the steps guarantees that a part survives a crash once this method has returned, and that a record
    /// never refers to partially overwritten bytes:
    ///
    /// 1. Remove the earlier record.
    /// 2. Write the bytes and compare their number with the announced length.
    /// 3. Make the bytes durable.
    /// 4. Compare the checksums with those that the client sent.
    /// 5. Commit the new record.
    ///
    /// - Parameters:
    ///   - number: The part.
    ///   - uploadID: The upload to which the part belongs.
    ///   - body: The bytes, in chunks of any size.
    ///   - length: Announced length in bytes; `nil` if unknown.
    ///   - expected: Checksums that the client sent.
    /// - Returns: The part's ETag, without quotes.
    /// - Throws: `.uploadNotFound` if the upload is not active, or is completed or aborted in the meantime;
    ///   `.partTooLong`; `.bodyIncomplete`; `.checksumMismatch`; `.storageFull`; `.quotaExceeded` if the upload has no
    ///   reservation for the part and a quota is exhausted. After these errors, the part is not stored. An earlier part
    ///   with this number has been deleted, unless the call was refused before the body was read.
    package func store<Body: AsyncSequence & Sendable>(
        _ number: PartNumber,
        of uploadID: String,
        body: Body,
        length: Int64?,
        expecting expected: ExpectedChecksums
    ) async throws -> String where Body.Element == ByteBuffer {
        // A cached row is sufficient, because removing the earlier record and adding the new one check again that the
        // upload is active.
        guard let upload = try await metadata.upload(uploadID, reading: .cached), upload.state == .active else {
            throw PontoonError.uploadNotFound
        }
        let limit = PartSizing.longestPart(number, of: upload)
        guard (length ?? 0) <= limit else { throw Self.tooLong(limit) }
        let writer = try await objects.openPart(number, of: upload, length: length, expecting: expected)
        do {
            let last = try await receive(body, as: number, of: upload, into: writer, length: length, limit: limit)
            let part = try await writer.commit(last: last) { digest in
                let part = try self.record(of: digest, number, location: writer.location)
                let replaced = try await metadata.recordPart(part, of: uploadID)
                if let replaced { try await discard(replaced, of: upload, keeping: writer.location) }
                return part
            }
            received.add(part.size ?? 0)
            if upload.md5 != nil { await hasher.partStored(of: upload) }
            return part.etag
        } catch {
            await removeLeftovers(of: upload)
            throw error
        }
    }

    /// Removes the part's earlier record, then writes the body, except its last chunk if the length is known.
    ///
    /// Aborts the writer after an error.
    ///
    /// - Returns: The last chunk, which the caller must write; `nil` if all bytes have been written, because the length
    ///   was not known in advance or is 0.
    /// - Throws: `.partTooLong` if the body is longer than `limit`; `.bodyIncomplete`; `CancellationError`; the errors
    ///   of ``PartStore/forgetPart(_:of:replacedBy:)``, of the body and of the writer.
    private func receive<Body: AsyncSequence & Sendable>(
        _ body: Body,
        as number: PartNumber,
        of upload: Upload,
        into writer: any PartWriter,
        length: Int64?,
        limit: Int64
    ) async throws -> ByteBuffer? where Body.Element == ByteBuffer {
        do {
            if let earlier = try await metadata.forgetPart(number, of: upload.id, replacedBy: length) {
                try await discard(earlier, of: upload, keeping: writer.location)
            }
            var received: Int64 = 0
            var last: ByteBuffer?
            for try await chunk in body where chunk.readableBytes > 0 {
                received += Int64(chunk.readableBytes)
                guard received <= limit else { throw Self.tooLong(limit) }
                if let last { try await writer.write(last) }
                last = received == length ? chunk : nil
                if last == nil { try await writer.write(chunk) }
            }
            // The body of a cancelled request ends early without an error.
            try Task.checkCancellation()
            if let length, received != length {
                throw PontoonError(.bodyIncomplete, "Received \(received) of \(length) bytes; send the part again.")
            }
            return last
        } catch {
            await writer.abort()
            throw error
        }
    }

    /// Returns the record of a received part.
    ///
    /// - Throws: `.checksumMismatch` if a checksum differs from the one that the client sent.
    private func record(
        of digest: PartDigest.Result,
        _ number: PartNumber,
        location: PartLocation
    ) throws -> PartRecord {
        if let header = digest.mismatch {
            throw PontoonError(.checksumMismatch, "The received bytes do not match \(header); send the part again.")
        }
        return PartRecord(
            number: number,
            size: digest.size,
            etag: digest.crc64.hex,
            crc64: digest.crc64,
            location: location,
            storedOn: now()
        )
    }

    private func discard(_ part: PartRecord, of upload: Upload, keeping location: PartLocation) async throws {
        if part.location != location { try await objects.discardPart(part, of: upload) }
    }

    /// Removes the files of an upload that was deleted while a part was being received.
    ///
    /// Ignores errors, because they must not hide the reason why the part was not stored. The next start of the server
    /// removes the remaining files.
    private func removeLeftovers(of upload: Upload) async {
        do {
            // Does not remove the finished object, because a copy of the file in another project may refer to it.
            if try await metadata.upload(upload.id) == nil { try await objects.cleanUp(upload.key) }
        } catch {}
    }

    private static func tooLong(_ limit: Int64) -> PontoonError {
        PontoonError(.partTooLong, "The part exceeds the maximum length of \(limit) bytes.")
    }
}
