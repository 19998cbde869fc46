import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// The pages of the console and their assets.
@Suite(.timeLimit(.minutes(10)))
struct ConsoleTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/CEmbedded/console")
    private static let html: HTTPHeaders = ["Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]

    @Test("the binary contains exactly the files of the folder")
    func embedded() throws {
        let embedded = ConsoleFiles.embedded
        var found: Set<String> = []
        let paths = try #require(FileManager.default.enumerator(atPath: Self.folder.path))
        for case let path as String in paths where path.split(separator: "/").last?.contains(".") == true {
            found.insert(path)
            let text = try Data(contentsOf: Self.folder.appending(path: path))
            #expect(embedded[path].map { Data($0.utf8) } == text, "\(path) in Sources/CEmbedded/console.c")
        }
        #expect(found == Set(embedded.keys), "the files and Sources/CEmbedded/console.c")
    }

    @Test("browsers receive the pages, which refer to assets of this version")
    func pages() async throws {
        let version = ConsoleFiles.shared.version
        try await withTestServer(arguments: ["--rate-limit", "1/1d"]) { server in
            for path in ["/", "/?q=1", "/drop/x", "/drop/%F0%9F%98%80"] {
                let page = try await get(server, path, Self.html)
                #expect(page.status == 200, "\(path)")
                #expect(page.bodyText.contains("/console/\(version)/") && !page.bodyText.contains("{{"), "\(path)")
                #expect(page.headers["Content-Type"] == ["text/html; charset=utf-8"])
                #expect(page.headers["Cache-Control"] == ["no-cache"])
                #expect(page.headers["Vary"] == ["Accept, Accept-Encoding"])
                expectSafe(page)
            }
        }
    }

    @Test("assets of this version are cached for a year, and other versions and paths do not exist")
    func assets() async throws {
        let files = ConsoleFiles.shared
        try await withTestServer { server in
            for (path, file) in files.assets {
                let asset = try await get(server, "/console/\(files.version)/\(path)")
                #expect(asset.status == 200 && asset.body == file.plain.content, "\(path)")
                #expect(asset.headers["Content-Type"] == [file.mediaType])
                #expect(asset.headers["Vary"] == ["Accept-Encoding"])
                #expect(asset.headers["Cache-Control"] == ["public, max-age=31536000, immutable"])
                expectSafe(asset)
            }
            for path in [
                "0123456789abcdef/main.js", "\(files.version)/none.js", "\(files.version)/index.html",
                "\(files.version)/../main.js", "\(files.version)//main.js", "\(files.version)/", files.version, "",
            ] {
                server.expectRefusal(try await get(server, "/console/\(path)", Self.html), 404, 90003, "\(path)")
            }
        }
    }

    @Test("files are sent compressed to browsers that accept gzip, with a different ETag")
    func compression() async throws {
        let files = ConsoleFiles.shared
        try await withTestServer { server in
            for path in ["/", "/console/\(files.version)/main.js"] {
                let plain = try await get(server, path, Self.html)
                for (encodings, isCompressed) in [
                    ("gzip, deflate, br, zstd", true), ("GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false),
                    ("*", false),
                ] {
                    var headers = Self.html
                    headers.add(name: "Accept-Encoding", value: encodings)
                    let response = try await get(server, path, headers)
                    #expect(response.status == 200)
                    #expect(response.headers["Content-Encoding"] == (isCompressed ? ["gzip"] : []), "\(encodings)")
                    #expect((response.headers["ETag"] != plain.headers["ETag"]) == isCompressed)
                    #expect(response.headers["Vary"] == plain.headers["Vary"])
                    #expect(response.headers["Content-Length"] == ["\(response.body.readableBytes)"])
                    guard isCompressed else { continue }
                    #expect(response.body.readableBytes < plain.body.readableBytes)
                    // RFC 1952: the data starts with a magic number and ends with the content's length in four bytes.
                    #expect(response.body.getInteger(at: 0, as: UInt16.self) == 0x1F8B)
                    let length = response.body.getInteger(
                        at: response.body.readableBytes - 4,
                        endianness: .little,
                        as: UInt32.self
                    )
                    #expect(length.map { Int($0) } == plain.body.readableBytes)
                    headers.add(name: "If-None-Match", value: response.headers.first(name: "ETag") ?? "")
                    #expect(try await get(server, path, headers).status == 304)
                }
            }
        }
    }

    @Test("a file that the browser has cached is not sent again, and HEAD sends no content")
    func conditions() async throws {
        let files = ConsoleFiles.shared
        try await withTestServer { server in
            for path in ["/", "/drop/x", "/console/\(files.version)/main.js"] {
                let whole = try await get(server, path, Self.html)
                let etag = try #require(whole.headers.first(name: "ETag"))
                #expect(etag.hasPrefix("\"") && etag.hasSuffix("\""), "the tag is strong")
                for (tags, status) in [
                    (etag, 304), ("W/\(etag)", 304), ("\"x\", \(etag)", 304), ("*", 304), ("\"x\"", 200),
                ] {
                    var headers = Self.html
                    headers.add(name: "If-None-Match", value: tags)
                    let response = try await get(server, path, headers)
                    #expect(response.status == status, "\(path) \(tags)")
                    #expect(response.headers["ETag"] == [etag])
                    #expect(response.headers["Cache-Control"] == whole.headers["Cache-Control"])
                    #expect(response.headers["Vary"] == whole.headers["Vary"])
                    #expect(response.body.readableBytes == (status == 304 ? 0 : whole.body.readableBytes))
                    expectSafe(response)
                }
                let head = try await server.api.send(.HEAD, server.origin + path, headers: Self.html)
                #expect(head.status == 200 && head.body.readableBytes == 0)
                #expect(head.headers["Content-Length"] == ["\(whole.body.readableBytes)"])
            }
        }
    }

    @Test("API clients receive the same responses as without the console")
    func otherClients() async throws {
        try await withTestServer { server in
            for path in ["/", "/drop/x"] {
                for accept in [[], [("Accept", "*/*")], [("Accept", "application/json, text/plain, */*")]] {
                    let response = try await get(server, path, HTTPHeaders(accept))
                    server.expectRefusal(response, 404, 90003, "\(path) \(accept)")
                }
                let response = try await server.api.send(.POST, server.origin + path, headers: Self.html)
                server.expectRefusal(response, 404, 90003, "POST \(path)")
            }
            #expect(try await server.client(token: nil).call(.GET, "/", headers: Self.html)["files_url"] != nil)
        }
    }

    @Test("with --console false, none of the console's files is served")
    func switchedOff() async throws {
        let version = ConsoleFiles.shared.version
        try await withTestServer(arguments: ["--console", "false"]) { server in
            for path in ["/", "/drop/x", "/console/\(version)/main.js"] {
                server.expectRefusal(try await get(server, path, Self.html), 404, 90003, "\(path)")
            }
        }
    }

    @Test("the console is served only for allowed hosts")
    func hosts() async throws {
        try await withTestServer(.live, arguments: ["--allowed-hosts", "a.example"]) { server in
            for (host, status) in [("a.example", 200), ("b.example", 400)] {
                let request = "GET / HTTP/1.1\r\nHost: \(host)\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
                let response = try APIResponse(raw: try await server.exchange(request))
                #expect(response.status == status, "\(host)")
            }
        }
    }

    @Test(
        "only clients that accept HTML with at least the weight of JSON prefer HTML",
        arguments: [
            ("text/html", true), ("TEXT/HTML;charset=utf-8", true), ("text/*", true), ("text/html;q=0.1", true),
            ("text/html, application/json", true), ("application/json;q=0.5, text/html; q=0.6", true),
            ("", false), ("*/*", false), ("text/html;q=0", false), ("text/html;q=x", false), ("text/html;q=nan", false),
            ("text/plain", false),
            ("application/json, text/html;q=0.9", false), ("application/*, text/html;q=0.9", false), ("html", false),
            ("text/html/x", false), (";q=1,,/,", false),
        ]
    )
    func accept(header: String, prefersHTML: Bool) {
        #expect(WeightedList([header]).prefersHTML == prefersHTML)
        #expect(WeightedList(["*/*", header]).prefersHTML == prefersHTML)
    }

    @Test("pages may connect to the server and to the bucket, but to no other origin")
    func policy() {
        let own = "\(ConsolePolicy(connectsTo: nil))"
        #expect(own.contains("; connect-src 'self'; "))
        let external = "\(ConsolePolicy(connectsTo: "https://b.s3.example:9"))"
        #expect(external == own.replacing("connect-src 'self'", with: "connect-src 'self' https://b.s3.example:9"))
    }

    @Test("the version depends on the path and content of every file")
    func version() {
        let texts = ["index.html": "{{version}} {{version}}", "a.js": "1", "b/c.js": "2"]
        let files = ConsoleFiles(texts: texts)
        #expect(files.console.plain.content == ByteBuffer(string: "\(files.version) \(files.version)"))
        #expect(files.assets.keys.sorted() == ["a.js", "b/c.js"])
        #expect(ConsoleFiles(texts: texts).version == files.version)
        for (path, text) in [("a.js", "3"), ("index.html", ""), ("d.js", ""), ("drop.html", "")] {
            #expect(ConsoleFiles(texts: texts.merging([path: text]) { $1 }).version != files.version, "\(path)")
        }
    }

    private func get(_ server: TestServer, _ path: String, _ headers: HTTPHeaders = [:]) async throws -> APIResponse {
        try await server.api.send(.GET, server.origin + path, headers: headers)
    }

    private func expectSafe(_ response: APIResponse, sourceLocation: SourceLocation = #_sourceLocation) {
        let policy = response.headers["Content-Security-Policy"]
        #expect(policy == ["\(ConsolePolicy(connectsTo: nil))"], sourceLocation: sourceLocation)
        for (name, value) in [
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ] {
            #expect(response.headers[name] == [value], sourceLocation: sourceLocation)
        }
    }
}
