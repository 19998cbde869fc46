import Crypto
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon` with a server that stores objects in S3: bytes go directly to the bucket.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct StorageTests {
    private static let partSize = 5 << 20

    @Test("files of every length are uploaded, verified and downloaded again")
    func sizes() async throws {
        let p = Self.partSize
        try await withPontoon(on: TestStores(.sqliteAndS3)) { server, user in
            let sizes = [0, 1, p - 1, p, p + 1, 2 * p, 2 * p + 1, 5 * p + 1]
            for size in sizes { try user.makeFile("sizes/f\(size)", size: size, seed: UInt64(size)) }
            let run = try await user.upload("--part-size", "5M", user.path("sizes"))
            #expect(run.code == 0, "\(run)")
            #expect(run.all("uploaded").count == sizes.count)
            #expect(run.all("uploaded").allSatisfy { $0.text("verified_by") == "file" }, "\(run)")
            for size in sizes {
                let content = testBytes(seed: UInt64(size), count: size)
                #expect(try await server.api.content("f\(size)") == content, "\(size)")
                let parts = run.all("started").first { $0.text("name") == "f\(size)" }?.number("parts")
                #expect(parts == Int64(max(1, (size + p - 1) / p)))
            }
            let back = try await user.download(["-o", user.path("back"), "--range-size", "1M"])
            #expect(back.code == 0, "\(back)")
            #expect(back.all("downloaded").allSatisfy { $0.text("verified_by") == "file" }, "\(back)")
            for size in sizes { #expect(try user.bytes("back/f\(size)") == user.bytes("sizes/f\(size)"), "\(size)") }
            let audit = try await user.run(["compare", user.path("sizes"), "admin/uploads"])
            #expect(audit.code == 0, "\(audit)")
        }
    }

    @Test("without a checksum of the file, parts are verified by their MD5")
    func partTags() async throws {
        try await withPontoon(on: TestStores(.sqliteAndS3)) { server, user in
            let size = 2 * Self.partSize + 5
            let path = try user.makeFile("f", size: size).string
            let run = try await FaultInjectionProxy.with(server) { _ in
                .replaceWord("\"crc64nvme\"", with: "\"crc64none\"")
            } _: { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.upload("--part-size", "5M", path)
            }
            #expect(run.code == 0, "\(run)")
            #expect(run.all("uploaded").first?.text("verified_by") == "parts", "\(run)")
            let content = testBytes(seed: 7, count: size)
            for part in run.all("part") {
                let number = Int(try #require(part.number("part_number")))
                let start = (number - 1) * Self.partSize
                let bytes = try #require(content.getSlice(at: start, length: min(Self.partSize, size - start)))
                let md5 = Insecure.MD5.hash(data: bytes.readableBytesView).map { String(format: "%02x", $0) }.joined()
                #expect(part.text("etag") == md5)
            }
            #expect(run.parts.count == 3)
        }
    }

    @Test("a killed upload that is run again sends no acknowledged part twice", arguments: 21...32)
    func killed(round: Int) async throws {
        try await killAndRepeat(round: round, on: TestStores(.sqliteAndS3))
    }

    @Test("--upload-id continues another client's upload and sends a differing part again")
    func adopted() async throws {
        try await withPontoon(on: TestStores(.sqliteAndS3)) { server, user in
            let size = 3 * Self.partSize + 5
            let path = try user.makeFile("f", size: size).string
            let content = testBytes(seed: 7, count: size)
            let upload = try await server.api.initialize("f", size: size)
            let second = try #require(content.getSlice(at: Self.partSize, length: Self.partSize))
            try await server.api.store(upload, 2, second)
            try await server.api.store(upload, 1, ByteBuffer(repeating: 1, count: Self.partSize))
            let run = try await user.upload("--upload-id", upload, path)
            #expect(run.code == 0, "\(run)")
            #expect(Set(run.parts) == [1, 3, 4], "\(run)")
            #expect(run.all("uploaded").first?.number("resumed_bytes") == Int64(Self.partSize))
            #expect(try await server.api.content("f") == content)
        }
    }

    @Test("without permission, an upload fails immediately, because a 403 from the API does not refresh URLs")
    func refused() async throws {
        try await withPontoon(on: TestStores(.sqliteAndS3)) { server, user in
            _ = try await server.addUser("reader")
            try await server.addMember("reader", of: "admin/uploads", rights: ["read"])
            var reader = user
            reader.token = try await server.administer("token", "create", "reader")
            let run = try await reader.upload(try user.makeFile("f", size: 100).string)
            #expect(run.code == 3, "\(run)")
            #expect(run.all("retrying").isEmpty, "\(run)")
            #expect(run.all("failed").first?.text("code")?.hasPrefix("api_") == true, "\(run)")
        }
    }
}
