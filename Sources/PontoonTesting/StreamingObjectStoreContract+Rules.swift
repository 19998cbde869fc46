import Foundation
import NIOCore
import PontoonCore

extension StreamingObjectStoreContract {
    static func twoWriters(_ store: some StreamingObjectStore) async throws {
        let upload = upload()
        let number = try PartNumber(1)
        let slow = try await store.openPart(number, of: upload, length: 1000, expecting: ExpectedChecksums())
        try await slow.write(bytes(500, salt: 1))
        let quick = try await Self.store(bytes(1000, salt: 2), as: 1, of: upload, in: store)
        try await slow.write(bytes(500, salt: 1))
        _ = try await slow.commit(last: nil) { $0 }
        try await store.finish(upload, parts: [quick])
        try expect(try await content(upload.key, in: store), equals: bytes(1000, salt: 2), "the recorded part only")
    }

    static func finishWaits(_ store: some StreamingObjectStore) async throws {
        let upload = upload()
        let first = try await Self.store(bytes(1000, salt: 1), as: 1, of: upload, in: store)
        let late = try await store.openPart(try PartNumber(2), of: upload, length: 9, expecting: ExpectedChecksums())
        try await late.write(bytes(9, salt: 2))
        let (recording, begins) = AsyncStream.makeStream(of: Void.self)
        async let finish: FinishedObject = {
            for await _ in recording { break }
            return try await store.finish(upload, parts: [first])
        }()
        try await late.commit(last: nil) { _ in
            begins.finish()
            do {
                // Writing succeeds until the store refuses it because finish has begun.
                while true { try await late.write(ByteBuffer()) }
            } catch let error as PontoonError {
                try expect(error.code, equals: .uploadNotFound, "the error code")
            }
            // The object must not exist while the part's record may still be committed.
            try await expectRefusal(.fileNotFound) { try await store.openObject(upload.key) }
        }
        _ = try await finish
        try expect(try await content(upload.key, in: store), equals: bytes(1000, salt: 1), "the finished object")
    }

    static func readPart(_ store: some StreamingObjectStore) async throws {
        let upload = upload()
        for (number, size) in [(1, 700), (2, 1200), (3, 0)] {
            let part = try await Self.store(bytes(size, salt: number), as: number, of: upload, in: store)
            let reader = try await store.readPart(part, of: upload)
            try expect(reader.size, equals: Int64(size), "the part's length")
            let read = try await reader.read(at: 0, count: 5000)
            try expect(read, equals: bytes(size, salt: number), "the part's bytes and no others")
            if size > 600 {
                let middle = try await reader.read(at: 100, count: 50)
                try expect(middle, equals: bytes(size, salt: number).getSlice(at: 100, length: 50), "a range of it")
            }
            await reader.close()
        }
    }

    static func recovery(_ store: some StreamingObjectStore) async throws {
        let kept = upload()
        let lost = upload(size: 900)
        let part = try await Self.store(bytes(1200, salt: 1), as: 1, of: kept, in: store)
        try await store.prepare(lost.key, size: lost.size)
        _ = try await Self.store(bytes(1200, salt: 2), as: 1, of: lost, in: store)
        try await store.recover(comparingWith: FixedObjectRecords(open: [kept.key]))
        try await store.finish(kept, parts: [part])
        try expect(try await content(kept.key, in: store), equals: bytes(1200, salt: 1), "an unfinished upload is kept")
        let gone = try await store.readPartBytes(of: lost, size: 1200)
        try expect(gone, equals: nil, "an upload without a record is removed")
    }

    static func mismatch(_ store: some StreamingObjectStore) async throws {
        let wrong = try ExpectedChecksums(
            crc64nvme: CRC64NVME(rawValue: 1).base64,
            crc32c: nil,
            sha256: nil,
            contentMD5: nil
        )
        let writer = try await store.openPart(try PartNumber(1), of: upload(), length: 3, expecting: wrong)
        try await writer.write(bytes(3, salt: 1))
        try await expectRefusal(.checksumMismatch) {
            try await writer.commit(last: nil) { digest in
                try expect(digest.mismatch, equals: "x-amz-checksum-crc64nvme", "the header that does not match")
                throw PontoonError(.checksumMismatch, "the caller's decision")
            }
        }
    }
}

extension StreamingObjectStore {
    /// Reads the bytes of part 1 from its in-place region; returns `nil` if the part cannot be opened.
    fileprivate func readPartBytes(of upload: Upload, size: Int64) async throws -> ByteBuffer? {
        let part = PartRecord(
            number: try PartNumber(1),
            size: size,
            etag: "",
            crc64: nil,
            location: .inPlace,
            storedOn: Date(timeIntervalSince1970: 0)
        )
        guard let reader = try? await readPart(part, of: upload) else { return nil }
        let bytes = try await reader.read(at: 0, count: Int(size))
        await reader.close()
        return bytes
    }
}
