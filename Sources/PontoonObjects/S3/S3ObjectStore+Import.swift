package import PontoonCore

extension S3ObjectStore: ImportingObjectStore {
    /// Part size in bytes for imported objects; objects that would need more than 10,000 parts have larger parts.
    ///
    /// An object of at most this size is stored with one request.
    private static let importPartSize: Int64 = 32 << 20
    /// Maximum number of parts of one object that are sent concurrently.
    private static let importWidth = 4

    package func isEmpty() async throws -> Bool {
        let query = [
            NamedValue("list-type", "2"), NamedValue("prefix", namePrefix), NamedValue("max-keys", "1"),
        ]
        let response = try await client.send(S3Request("GET", nil, query: query))
        return try S3XML.decode(S3XML.ObjectList.self, from: response.body).contents?.isEmpty ?? true
    }

    /// Stores an object, in parts if it is large.
    ///
    /// After an error, aborts the multipart upload. If the abort also fails, ``recover(comparingWith:)`` removes the
    /// multipart upload later.
    ///
    /// - Throws: The errors of ``S3Client/send(_:)``. An error of the reader is the cause of an ``S3Unreachable``.
    package func importObject(_ key: ObjectKey, from reader: any ObjectReader) async throws -> FinishedObject {
        if reader.size <= Self.importPartSize {
            let body = reader.size == 0 ? S3Request.Body.none : .range(reader, 0..<reader.size)
            try await client.putObject(name(key), headers: headers(key), body: body)
        } else {
            let headers = headers(key) + capabilities.uploadHeaders
            let uploadID = try await client.createMultipartUpload(name(key), headers: headers)
            do {
                let parts = try await sendParts(of: reader, to: key, uploadID: uploadID)
                try await client.completeMultipartUpload(name(key), uploadID: uploadID, parts: parts)
            } catch {
                // Ignores an error of the abort, because the original error explains the failure better.
                _ = try? await client.abortMultipartUpload(name(key), uploadID: uploadID)
                throw error
            }
        }
        guard let info = try await client.headObject(name(key)) else {
            throw S3UnexpectedResponse("an object that was just created does not exist")
        }
        return FinishedObject(size: info.size, crc64: info.crc64)
    }

    private func sendParts(
        of reader: any ObjectReader,
        to key: ObjectKey,
        uploadID: String
    ) async throws -> [ListedPart] {
        let partSize = PartSizing().partSize(requested: Self.importPartSize, size: reader.size)
        let starts = stride(from: Int64(0), to: reader.size, by: Int64.Stride(partSize))
        return try await mapConcurrently(zip(1..., starts), limit: Self.importWidth) { number, start in
            let range = start..<min(start + partSize, reader.size)
            let etag = try await client.uploadPart(
                name(key),
                uploadID: uploadID,
                number: number,
                body: .range(reader, range)
            )
            return ListedPart(number: try PartNumber(number), size: Int64(range.count), etag: etag)
        }
    }
}
