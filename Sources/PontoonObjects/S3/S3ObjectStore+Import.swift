package import PontoonCore

extension S3ObjectStore {
    /// Shortest parts of an object that is brought in, in bytes.
    private static let importedPart: Int64 = 32 << 20
    /// Most parts of one object that are sent at once.
    private static let width = 4

    /// Stores an object that was finished in another store, in place of an earlier attempt.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - reader: Its bytes; may be read at several places at once, and is left open.
    /// - Returns: What the bucket holds now.
    /// - Throws: ``S3Error``, ``S3Unreachable``; what the reader throws. Nothing of the attempt is left then, unless the
    ///   bucket cannot be reached; recovery removes that.
    package func importObject(_ key: ObjectKey, from reader: any ObjectReader) async throws -> FinishedObject {
        if reader.size <= Self.importedPart {
            let body = reader.size == 0 ? S3Request.Body.none : .stretch(reader, 0..<reader.size)
            try await client.putObject(name(key), headers: headers(key), body: body)
        } else {
            let headers = headers(key) + abilities.uploadHeaders
            let uploadID = try await client.createMultipartUpload(name(key), headers: headers)
            do {
                let parts = try await sendParts(of: reader, to: key, uploadID: uploadID)
                try await client.completeMultipartUpload(name(key), uploadID: uploadID, parts: parts)
            } catch {
                // What went wrong first is worth more than that this goes wrong too.
                _ = try? await client.abortMultipartUpload(name(key), uploadID: uploadID)
                throw error
            }
        }
        guard let info = try await client.headObject(name(key)) else {
            throw S3BadAnswer("no object where one was just made")
        }
        return FinishedObject(size: info.size, crc64: info.crc64)
    }

    private func sendParts(
        of reader: any ObjectReader,
        to key: ObjectKey,
        uploadID: String
    ) async throws -> [S3XML.Part] {
        let partSize = PartSizing().partSize(wish: Self.importedPart, size: reader.size)
        let starts = stride(from: Int64(0), to: reader.size, by: Int64.Stride(partSize))
        var waiting = zip(1..., starts).makeIterator()
        return try await withThrowingTaskGroup(of: S3XML.Part.self) { group in
            func sendNext() {
                guard let (number, start) = waiting.next() else { return }
                let range = start..<min(start + partSize, reader.size)
                group.addTask {
                    let etag = try await client.uploadPart(
                        name(key),
                        uploadID: uploadID,
                        number: number,
                        body: .stretch(reader, range)
                    )
                    return S3XML.Part(number: number, etag: etag)
                }
            }
            for _ in 0..<Self.width { sendNext() }
            var parts: [S3XML.Part] = []
            while let part = try await group.next() {
                parts.append(part)
                sendNext()
            }
            return parts.sorted { $0.number < $1.number }
        }
    }
}
