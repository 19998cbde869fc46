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
        _ = try await slow.sync()
        await slow.close()
        try await store.finish(upload, parts: [quick])
        try expect(try await content(upload.key, in: store), equals: bytes(1000, salt: 2), "the recorded part, whole")
    }

    static func finishWaits(_ store: some StreamingObjectStore) async throws {
        let upload = upload()
        let first = try await Self.store(bytes(1000, salt: 1), as: 1, of: upload, in: store)
        let late = try await store.openPart(try PartNumber(2), of: upload, length: 9, expecting: ExpectedChecksums())
        try await late.write(bytes(9, salt: 2))
        _ = try await late.sync()
        async let finish = store.finish(upload, parts: [first])
        do {
            // Goes through until finish has shut the gate.
            while true { try await late.write(ByteBuffer()) }
        } catch let error as PontoonError {
            try expect(error.code, equals: .uploadNotFound, "the reason of the refusal")
        }
        // Its bytes may be vouched for at this very moment.
        try await expectRefusal(.fileNotFound) { try await store.openObject(upload.key) }
        await late.close()
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
                try expect(middle, equals: bytes(size, salt: number).getSlice(at: 100, length: 50), "a stretch of it")
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
        try await store.recover(open: [kept.key])
        try await store.finish(kept, parts: [part])
        try expect(try await content(kept.key, in: store), equals: bytes(1200, salt: 1), "what an open upload stored")
        let gone = try await store.readPartBytes(of: lost, size: 1200)
        try expect(gone, equals: nil, "nothing of an upload that no record names")
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
        let digest = try await writer.sync()
        await writer.discard()
        await writer.close()
        try expect(digest.mismatch, equals: "x-amz-checksum-crc64nvme", "the header that does not agree")
    }

    static func grants(_ store: some StreamingObjectStore) async throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let upload = upload()
        let base = try require(BaseURL("http://h:1"), "a base URL")
        let request = try await store.partRequest(for: upload, part: try PartNumber(7), base: base, now: now)
        let url = try require(URLComponents(string: request.url), "a strictly valid URL")
        let good = try signedPath(url, method: request.method, path: url.path)
        try await store.verify(good, now: now)
        let others = [
            try signedPath(url, method: "GET", path: url.path),
            try signedPath(url, method: "PUT", path: DataPlanePath.part(upload: upload.id, try PartNumber(8))),
            try signedPath(url, method: "PUT", path: url.path, expires: 1),
            try signedPath(url, method: "PUT", path: url.path, signature: String(repeating: "0", count: 64)),
            try signedPath(url, method: "PUT", path: url.path, signature: "zz"),
            try signedPath(url, method: "PUT", path: url.path, key: "unknown"),
        ]
        for other in others { try await expectRefusal(.urlRefused) { try await store.verify(other, now: now) } }
    }

    static func expires(_ store: some StreamingObjectStore) async throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let base = try require(BaseURL("http://h:1"), "a base URL")
        let request = try await store.partRequest(for: upload(), part: try PartNumber(1), base: base, now: now)
        let url = try require(URLComponents(string: request.url), "a strictly valid URL")
        let signed = try signedPath(url, method: request.method, path: url.path)
        try await store.verify(signed, now: request.expires)
        try await expectRefusal(.urlRefused) {
            try await store.verify(signed, now: request.expires.addingTimeInterval(1))
        }
    }

    private static func signedPath(
        _ url: URLComponents,
        method: String,
        path: String,
        expires: Int64 = 0,
        signature: String? = nil,
        key: String? = nil
    ) throws -> SignedPath {
        let query = url.queryItems ?? []
        func value(_ name: String) -> String { query.first { $0.name == name }?.value ?? "" }
        return SignedPath(
            method: method,
            path: path,
            expires: try require(Int64(value("expires")), "the expiry in the URL") + expires,
            keyID: key ?? value("key"),
            signature: signature ?? value("signature")
        )
    }
}

extension StreamingObjectStore {
    /// The bytes of part 1 if there are any.
    fileprivate func readPartBytes(of upload: Upload, size: Int64) async throws -> ByteBuffer? {
        let part = PartRecord(
            number: try PartNumber(1),
            size: size,
            etag: "",
            crc64: nil,
            place: .slot,
            storedOn: Date(timeIntervalSince1970: 0)
        )
        guard let reader = try? await readPart(part, of: upload) else { return nil }
        let bytes = try await reader.read(at: 0, count: Int(size))
        await reader.close()
        return bytes
    }
}
