import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon upload` of files that are sent with one call (the `file_put` extension).
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct SmallFileTests {
    /// Runs `body` with a client behind a proxy, and counts the requests that start with `text`.
    private func counting(
        _ text: String,
        _ server: ServerProcess,
        _ user: PontoonUser,
        _ body: @Sendable (PontoonUser, Counter) async throws -> Void
    ) async throws {
        let count = Counter()
        try await FaultInjectionProxy.with(
            server,
            fault: { _ in
                .respond { head in
                    if head.hasPrefix(text) { _ = count.next() }
                    return nil
                }
            }
        ) { proxy in
            var user = user
            user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
            try await body(user, count)
        }
    }

    @Test("small files are stored without a multipart upload, and are not sent again")
    func oneCall() async throws {
        try await withPontoon { server, user in
            for number in 0..<20 { try user.makeFile("data/f\(number)", size: number * 3000, seed: UInt64(number)) }
            try await counting("POST /v2/upload/multipart", server, user) { user, count in
                let first = try await user.upload("--tag", "a b", "--meta", "k=ä\u{1F600}", user.path("data"))
                #expect(first.code == 0 && first.all("uploaded").count == 20, "\(first)")
                #expect(first.all("uploaded").allSatisfy { $0.text("verified_by") == "file" })
                #expect(first.all("started").count == 20 && first.all("part").count == 20)
                let second = try await user.upload("--tag", "a b", "--meta", "k=ä\u{1F600}", user.path("data"))
                #expect(second.code == 0 && second.all("already_there").count == 20, "\(second)")
                #expect(count.current == 0)
            }
            for number in 0..<20 {
                let content = try await server.api.content("f\(number)")
                #expect(content == testBytes(seed: UInt64(number), count: number * 3000))
            }
            let details = try await server.api.call(.GET, "/files/\(try await server.api.fileID("f3"))")
            #expect(details["tags"] == ["a b"] && details["metadata"]?["k"] == "ä\u{1F600}", "\(details)")
        }
    }

    @Test("after a lost response, a file on the server with the same bytes counts as uploaded")
    func lostResponse() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 5000).string
            let cutter = ResponseCutter()
            cutter.cut("PUT /v2/files/content")
            let run = try await FaultInjectionProxy.with(server, fault: { _ in .cutResponses(cutter) }) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.upload(path)
            }
            #expect(run.code == 0 && run.all("uploaded").count == 1 && cutter.count == 1, "\(run)")
            #expect(run.all("retrying").contains { $0.text("purpose") == "upload 'f'" }, "\(run)")
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: 5000))
        }
    }

    @Test("a call that the server or a proxy refuses is replaced by an upload", arguments: [403, 404, 405, 413, 501])
    func refused(status: Int) async throws {
        try await withPontoon { server, user in
            for number in 0..<3 { try user.makeFile("data/f\(number)", size: 100) }
            let refusal = "HTTP/1.1 \(status) Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            let run = try await FaultInjectionProxy.with(
                server,
                fault: { _ in .respond { $0.hasPrefix("PUT /v2/files/content") ? refusal : nil } }
            ) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.upload(user.path("data"))
            }
            #expect(run.code == 0 && run.all("uploaded").count == 3, "\(run)")
            #expect(try await server.api.content("f2") == testBytes(seed: 7, count: 100))
        }
    }

    @Test("a file that the server refuses as too large is sent in parts")
    func tooLong() async throws {
        try await withPontoon(arguments: ["--max-file-put", "64KiB"]) { server, user in
            try user.makeFile("data/long", size: 200_000)
            try user.makeFile("data/short", size: 1000)
            let run = try await user.upload(user.path("data"))
            #expect(run.code == 0 && run.all("uploaded").count == 2, "\(run)")
            #expect(try await server.api.content("long") == testBytes(seed: 7, count: 200_000))
        }
    }

    @Test("--md5 declares the MD5 of a small file")
    func md5() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 3).string
            let run = try await user.upload("--md5", path)
            let md5 = try #require(run.all("uploaded").first?.text("md5"), "\(run)")
            let details = try await server.api.call(.GET, "/files/\(try await server.api.fileID("f"))")
            #expect(details["checksums"]?["md5"] == .string(md5), "\(details)")
        }
    }
}
