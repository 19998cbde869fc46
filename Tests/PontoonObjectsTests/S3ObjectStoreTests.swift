import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Synchronization
import Testing

@testable import PontoonObjects

@Suite("The S3 store on SeaweedFS", .timeLimit(.minutes(10)))
struct S3ObjectStoreTests {
    @Test("satisfies the contract", arguments: ObjectStoreContract.allCases)
    func contract(_ rule: ObjectStoreContract) async throws {
        try await withS3Store { try await rule.check($0) }
    }

    @Test("satisfies the contract with checksums that the server computes", arguments: ObjectStoreContract.allCases)
    func contractWithChecksums(_ rule: ObjectStoreContract) async throws {
        try await withS3Store { harness in
            try await harness.store.check()
            let computes = harness.store.capabilities.computesAnnouncedChecksums.load(ordering: .relaxed)
            #expect(computes)
            try await rule.check(harness)
        }
    }

    @Test("returns the object's CRC-64 from a server that computes it")
    func checksum() async throws {
        try await withS3Store { harness in
            try await harness.store.check()
            let upload = try await ObjectStoreContract.upload(in: harness)
            let (first, second) = (
                ObjectStoreContract.bytes(5 << 20, salt: 1), ObjectStoreContract.bytes(777, salt: 2)
            )
            let parts = [
                try await harness.send(first, as: try PartNumber(1), of: upload),
                try await harness.send(second, as: try PartNumber(2), of: upload),
            ]
            let object = try await harness.finish(upload, parts: parts)
            var crc64 = CRC64NVME()
            for bytes in [first, second] { bytes.withUnsafeReadableBytes { crc64.update($0) } }
            #expect(object == FinishedObject(size: 5 << 20 + 777, crc64: crc64))
        }
    }

    @Test("presigns URLs for one method on one part, until they expire")
    func grants() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            let url = try part(1, of: upload, harness)
            let bytes = ByteBuffer(string: "x")
            let other = url.replacing("partNumber=1", with: "partNumber=2")
            #expect(try await fetch("PUT", other, body: bytes).status == 403)
            #expect(try await fetch("GET", url).status == 403)
            let expired = try part(1, of: upload, harness, now: Date(timeIntervalSinceNow: -3700))
            #expect(try await fetch("PUT", expired, body: bytes).status == 403)
            #expect(try await fetch("PUT", url, body: bytes).status == 200)
        }
    }

    @Test("presigns URLs for the configured lifetime, at most 7 days")
    func lifetimes() async throws {
        try await withS3Store(change: { $0.urlLifetime = .seconds(90) }) { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            let now = Date(timeIntervalSince1970: 1_800_000_000.7)
            let request = try harness.store.partRequest(for: upload, part: try PartNumber(10_000), now: now)
            #expect(request.expires == Date(timeIntervalSince1970: 1_800_000_090))
            #expect(request.url.contains("X-Amz-Expires=90&") && request.url.contains("partNumber=10000&"))
            #expect(request.reportHeaders == ["ETag"])
            #expect(request.headers.isEmpty)
        }
        await #expect(throws: S3SettingsError.self) {
            try await withS3Store(change: { $0.urlLifetime = .seconds(604_801) }) { _ in }
        }
    }

    @Test("passes a client's Content-MD5 to the server, which rejects the part on a mismatch")
    func contentMD5() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            let url = try part(1, of: upload, harness)
            let bytes = ByteBuffer(string: "the bytes of a part")
            let right = Data(Insecure.MD5.hash(data: Data("the bytes of a part".utf8))).base64EncodedString()
            let wrong = Data(Insecure.MD5.hash(data: Data("other bytes".utf8))).base64EncodedString()
            let refused = try await fetch("PUT", url, headers: ["Content-MD5": wrong], body: bytes)
            #expect(refused.status == 400 && refused.bodyText.contains("BadDigest"))
            #expect(try await harness.store.listParts(of: upload) == [])
            #expect(try await fetch("PUT", url, headers: ["Content-MD5": right], body: bytes).status == 200)
        }
    }

    @Test("assembles the bytes of the reported ETag if a part was sent twice")
    func sentAgain() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            let number = try PartNumber(1)
            let (old, new) = (ObjectStoreContract.bytes(100, salt: 1), ObjectStoreContract.bytes(101, salt: 2))
            let first = try await harness.send(old, as: number, of: upload)
            let second = try await harness.send(new, as: number, of: upload)
            let held = try #require(try await harness.store.listParts(of: upload))
            #expect(held.contains(ListedPart(number: number, size: 101, etag: second.etag)))
            // Amazon lists only the newest version.
            #expect(held.count == 1 || held.contains(ListedPart(number: number, size: 100, etag: first.etag)))
            try await harness.finish(upload, parts: [second])
            #expect(try await harness.content(upload.key) == new)
        }
    }

    @Test("rejects a part that was never sent, and stays usable")
    func unknownPart() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            let sent = try await harness.send(ByteBuffer(string: "abc"), as: try PartNumber(1), of: upload)
            let wrong = PartRecord(
                number: sent.number,
                size: 3,
                etag: String(repeating: "0", count: 32),
                crc64: nil,
                location: .remote,
                storedOn: Date()
            )
            try await expectRefusal(.completeRefused) { try await harness.finish(upload, parts: [wrong]) }
            try await harness.finish(upload, parts: [sent])
            #expect(try await harness.content(upload.key) == ByteBuffer(string: "abc"))
        }
    }

    @Test("reports a finished or aborted upload as missing")
    func gone() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            #expect(try await harness.store.listParts(of: upload) == [])
            try await harness.store.discard(upload.object)
            #expect(try await harness.store.listParts(of: upload) == nil)
            #expect(try await harness.store.finishedObject(of: upload, etags: []) == nil)
        }
    }

    @Test("serves downloads with the file's name, ranges, and empty objects")
    func downloads() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            let sent = try await harness.send(ByteBuffer(string: "0123456789"), as: try PartNumber(1), of: upload)
            try await harness.finish(upload, parts: [sent])
            let url = try await download(upload.key, "ä \"b\"+%.txt", harness)
            let whole = try await fetch("GET", url)
            #expect(whole.status == 200 && whole.bodyText == "0123456789")
            #expect(whole.headers.first(name: "content-length") == "10")
            #expect(whole.headers.first(name: "content-type") == "text/plain")
            let disposition = try #require(whole.headers.first(name: "content-disposition"))
            #expect(disposition.hasSuffix("filename*=UTF-8''%C3%A4%20%22b%22%2B%25.txt"))
            let range = try await fetch("GET", url, headers: ["Range": "bytes=8-99"])
            #expect(range.status == 206 && range.bodyText == "89")
            let empty = try await ObjectStoreContract.upload(in: harness, size: 0)
            try await harness.finish(empty, parts: [])
            let nothing = try await fetch("GET", try await download(empty.key, "e", harness))
            #expect(nothing.status == 200 && nothing.headers.first(name: "content-length") == "0")
        }
    }

    @Test("never compresses downloads, whatever clients accept")
    func compression() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            let text = ByteBuffer(repeating: UInt8(ascii: "a"), count: 100_000)
            let sent = try await harness.send(text, as: try PartNumber(1), of: upload)
            try await harness.finish(upload, parts: [sent])
            let url = try await download(upload.key, "a.txt", harness)
            let response = try await fetch("GET", url, headers: ["Accept-Encoding": "gzip, deflate"])
            #expect(response.headers.first(name: "content-encoding") == nil)
            #expect(response.body == text)
        }
    }

    @Test("reads an object in ranges")
    func reading() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            let bytes = ObjectStoreContract.bytes(9 << 20, salt: 1)
            let sent = try await harness.send(bytes, as: try PartNumber(1), of: upload)
            try await harness.finish(upload, parts: [sent])
            let reader = try await harness.store.openObject(upload.key)
            #expect(reader.size == 9 << 20)
            #expect(try await reader.read(at: 5, count: 10) == bytes.getSlice(at: 5, length: 10))
            #expect(try await reader.read(at: 0, count: 9 << 20) == bytes.getSlice(at: 0, length: 8 << 20))
            #expect(try await reader.read(at: 9 << 20 - 2, count: 50) == bytes.getSlice(at: 9 << 20 - 2, length: 2))
            #expect(try await reader.read(at: 9 << 20, count: 50).readableBytes == 0)
            await reader.close()
            try await expectRefusal(.fileNotFound) { try await harness.store.openObject(.random()) }
        }
    }

    @Test("imports small and large objects of another store", arguments: [0, 1, 32 << 20, 32 << 20 + 1, 70 << 20])
    func importing(_ size: Int) async throws {
        try await withS3Store { harness in
            let key = ObjectKey.random()
            let object = try await harness.store.importObject(key, from: PatternReader(size: Int64(size)))
            #expect(object.size == Int64(size))
            let content = try #require(try await harness.content(key))
            #expect(content == PatternReader.bytes(0..<Int64(size)))
            #expect(try await openUploads(harness).isEmpty)
        }
    }

    private func part(
        _ number: Int,
        of upload: Upload,
        _ harness: S3Harness,
        now: Date = Date()
    ) throws -> String {
        try harness.store.partRequest(for: upload, part: try PartNumber(number), now: now).url
    }

    private func download(_ key: ObjectKey, _ name: String, _ harness: S3Harness) async throws -> String {
        let file = File(
            id: "f",
            name: name,
            kind: .file,
            project: ProjectID(owner: "u", shortName: "p"),
            parent: "d",
            content: FileContent(key: key, size: 0, crc64: nil, md5: nil),
            createdOn: Date()
        )
        return try harness.store.downloadRequest(for: file, now: Date()).url
    }
}

/// Lists the open multipart uploads under a store's prefix.
func openUploads(_ harness: S3Harness) async throws -> [S3Client.OpenUpload] {
    var found: [S3Client.OpenUpload] = []
    try await harness.store.client.forEachOpenUpload(prefix: harness.store.namePrefix) { found += $0 }
    return found
}

/// A reader of bytes that are computed from their offsets.
struct PatternReader: ObjectReader {
    let size: Int64

    func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        Self.bytes(offset..<min(size, offset + Int64(count)))
    }

    func close() async {}

    static func bytes(_ range: Range<Int64>) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: range.count) { target in
            for index in 0..<range.count {
                let place = range.lowerBound + Int64(index)
                target[index] = UInt8(truncatingIfNeeded: place &* 7 &+ place >> 13)
            }
            return range.count
        }
        return bytes
    }
}
