import Foundation
import Glibc
import PontoonCore
import SystemPackage
import Testing

@testable import PontoonClient

/// Downloads from a malicious server, or into a folder that an attacker has prepared.
@Suite(.timeLimit(.minutes(10)))
struct HostileDownloadTests {
    private func withFolder<Value>(_ body: (FilePath) async throws -> Value) async throws -> Value {
        let url = FileManager.default.temporaryDirectory.appending(path: "hostile-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(FilePath(url.path))
    }

    /// Downloads a file.
    ///
    /// - Returns: The error, `nil` if the download succeeded, and the requests that the server received.
    private func download(
        into folder: FilePath,
        size: Int64? = 5,
        respond: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Response
    ) async throws -> (error: ClientError?, requests: [ScriptedServer.Request]) {
        try await ScriptedServer.with(respond: respond, settings: .impatient) { server, client in
            let item = DownloadItem(id: "a", remotePath: "f", target: folder.appending("f"), size: size)
            let results = try await Downloader(client).download([item])
            guard case .failed(let error)? = results.first?.outcome else { return (nil, server.requests) }
            return (try #require(error as? ClientError, "\(error)"), server.requests)
        }
    }

    private static let body = ScriptedServer.Response(
        "hello",
        status: 206,
        headers: ["Content-Range: bytes 0-4/5", "ETag: \"e\""]
    )

    private static func storage(_ request: ScriptedServer.Request, _ response: ScriptedServer.Response)
        -> ScriptedServer.Response
    {
        guard request.path.hasSuffix("/download_info") else { return response }
        let host = request.head.firstMatch(of: /(?i)host: *([^\r]+)/).map { String($0.1) } ?? ""
        return ScriptedServer.Response(#"{"url": "http://\#(host)/bytes"}"#)
    }

    @Test("a download from a well-behaved server succeeds")
    func good() async throws {
        try await withFolder { folder in
            let (error, _) = try await download(into: folder) { Self.storage($0, Self.body) }
            #expect(error == nil)
            #expect(try String(contentsOfFile: folder.appending("f").string, encoding: .utf8) == "hello")
        }
    }

    @Test("a URL that names a Unix socket is refused without connecting")
    func socket() async throws {
        try await withFolder { folder in
            let (error, requests) = try await download(into: folder) { _ in
                ScriptedServer.Response(#"{"url": "http+unix://%2Ftmp%2Fdocker.sock/"}"#)
            }
            #expect(error?.code == .responseUnreadable)
            #expect(requests.count == 1)
        }
    }

    @Test("an impossible length is an error of that file", arguments: [-1, .min, .max, (1 << 53) + 1] as [Int64])
    func length(size: Int64) async throws {
        try await withFolder { folder in
            let (error, _) = try await download(into: folder, size: size) { _ in .init("") }
            #expect(error?.code == .responseUnreadable)
        }
    }

    @Test("a download from a storage that sends one byte per connection fails after the usual number of attempts")
    func trickle() async throws {
        try await withFolder { folder in
            let (error, requests) = try await download(into: folder) { request in
                let first = request.head.firstMatch(of: /bytes=([0-9]+)-/).map { String($0.1) } ?? "0"
                let response = "HTTP/1.1 206 Text\r\nContent-Length: 5\r\nContent-Range: bytes \(first)-4/5\r\n\r\nh"
                return Self.storage(request, ScriptedServer.Response(raw: response))
            }
            #expect(error?.code == .connectionLost)
            #expect(requests.filter { $0.path == "/bytes" }.count == 2)
        }
    }

    @Test("an ETag that is too long to be kept for every range is ignored")
    func longETag() async throws {
        try await withFolder { folder in
            let etag = "\"\(String(repeating: "e", count: 50_000))\""
            let response = ScriptedServer.Response(
                "hello",
                status: 206,
                headers: ["Content-Range: bytes 0-4/5", "ETag: \(etag)"]
            )
            let (error, _) = try await download(into: folder) { Self.storage($0, response) }
            #expect(error == nil)
        }
    }

    enum Trap: CaseIterable { case link, hardLink, pipe, directory }

    private func place(_ kind: Trap, at path: String, _ victim: String) -> CInt {
        switch kind {
        case .link: symlink(victim, path)
        case .hardLink: link(victim, path)
        case .pipe: mkfifo(path, 0o600)
        case .directory: mkdir(path, 0o700)
        }
    }

    @Test(
        "a link or special file in place of one of the client's files is not written to",
        arguments: Trap.allCases,
        [0, 1]
    )
    func trap(kind: Trap, file: Int) async throws {
        try await withFolder { folder in
            let victim = folder.appending("victim").string
            try Data("precious".utf8).write(to: URL(filePath: victim))
            let paths = PartialFile.paths(folder.appending("f"))
            let path = (file == 0 ? paths.data : paths.journal).string
            try #require(place(kind, at: path, victim) == 0)
            let (error, _) = try await download(into: folder) { Self.storage($0, Self.body) }
            let content = try String(contentsOfFile: victim, encoding: .utf8)
            #expect(error?.code == .fileUnwritable, "\(String(describing: error))")
            #expect(content == "precious")
            #expect(!FileManager.default.fileExists(atPath: folder.appending("f").string))
        }
    }

    @Test("a journal with an unusable range size is ignored", arguments: [1, 0, -1, .max] as [Int64])
    func rangeSize(size: Int64) async throws {
        let length: Int64 = 1 << 20
        let bytes = String(repeating: "x", count: Int(length))
        let range = "Content-Range: bytes 0-\(length - 1)/\(length)"
        let response = ScriptedServer.Response(bytes, status: 206, headers: [range])
        try await withFolder { folder in
            let target = folder.appending("f")
            try await ScriptedServer.with(respond: { Self.storage($0, response) }) { server, client in
                let head = DownloadHead(endpoint: client.endpoint.url, file: "a", size: length, rangeSize: size)
                let partial = try PartialFile(target)
                try partial.begin(head)
                try partial.append(JournalPart(number: 1, etag: "", crc64: "0000000000000000"))
                try partial.close(removing: false)
                let item = DownloadItem(id: "a", remotePath: "f", target: target, size: length)
                let results = try await Downloader(client).download([item])
                #expect(results.allSatisfy { $0.isSuccess })
                #expect(server.requests.filter { $0.path == "/bytes" }.count == 1)
            }
        }
    }
}
