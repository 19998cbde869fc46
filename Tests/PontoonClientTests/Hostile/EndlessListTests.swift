import Foundation
import PontoonCore
import SystemPackage
import Testing

@testable import PontoonClient

/// Endless lists, folders and bodies, and missing or malformed responses.
@Suite(.timeLimit(.minutes(10)))
struct EndlessListTests {
    private struct Item: Decodable, Sendable, Identifiable { let id: Int }

    private static func listing(_ items: String, next: Bool = false) -> ScriptedServer.Response {
        ScriptedServer.Response(#"{"items": [\#(items)], "links": [\#(next ? #"{"rel": "next"}"# : "")]}"#)
    }

    private func error(_ body: () async throws -> Void) async throws -> ClientError {
        do {
            try await body()
        } catch let error as ClientError {
            return error
        }
        Issue.record("no error")
        throw CancellationError()
    }

    @Test("a list that does not end is refused after the maximum number of pages")
    func pages() async throws {
        try await ScriptedServer.with(respond: { _ in .init("") }) { _, client in
            var count = 0
            let error = try await error {
                try await client.eachPage {
                    ResultPage(items: [Item(id: $0)], hasNext: true)
                } _: {
                    count += $0.count
                }
            }
            #expect(error.code == .responseUnreadable)
            #expect(count == SevenBridgesClient.maximumPages)
        }
    }

    @Test("a file is found on a later page if the server ignores the query parameter for names")
    func laterPage() async throws {
        let others = (0..<100).map { #"{"id": "\#($0)", "name": "f\#($0)"}"# }.joined(separator: ",")
        let (first, second) = (Self.listing(others, next: true), Self.listing(#"{"id": "x", "name": "wanted"}"#))
        try await ScriptedServer.with(
            respond: { $0.query("offset") == "0" ? first : second }
        ) { server, client in
            let found = try await client.file(named: "wanted", in: .project("o/p"))
            #expect(found?.id == "x" && server.requests.count == 2)
            let none = try await client.file(named: "none", in: .project("o/p"))
            #expect(none?.id == nil)
        }
    }

    @Test("a list is refused when a page repeats the previous page")
    func repeatedPage() async throws {
        let page = Self.listing(#"{"id": "a", "name": "f"}, {"id": "b", "name": "g"}"#, next: true)
        try await ScriptedServer.with(respond: { _ in page }) { server, client in
            let error = try await error {
                try await client.eachPage {
                    try await client.files(in: .project("o/p"), offset: $0)
                } _: { _ in
                }
            }
            #expect(error.code == .responseUnreadable)
            #expect(server.requests.count == 2)
        }
    }

    @Test("endlessly nested folders and a folder that contains itself are refused", arguments: [true, false])
    func folders(isCycle: Bool) async throws {
        let respond = { @Sendable (request: ScriptedServer.Request) in
            let parent = request.query("parent") ?? "0"
            let id = isCycle ? "1" : "\((Int(parent) ?? 0) + 1)"
            return Self.listing(#"{"id": "\#(id)", "name": "d", "type": "folder"}"#)
        }
        try await ScriptedServer.with(respond: respond) { server, client in
            let error = try await error {
                _ = try await RemoteTree(client).items(.path(project: "o/p", names: []), into: "out")
            }
            #expect(error.code == .responseUnreadable)
            #expect(server.requests.count == (isCycle ? 2 : FolderWalk.maximumDepth + 1))
        }
    }

    @Test("a tree has a maximum number of files, because all of them are kept in memory")
    func files() throws {
        var walk = FolderWalk()
        for _ in 0..<FolderWalk.maximumItems / 100 { try walk.found(100) }
        #expect(throws: ClientError.self) { try walk.found(1) }
    }

    @Test("a response that is too long is neither read to its end nor requested again", arguments: [true, false])
    func longBody(declaresLength: Bool) async throws {
        let length = declaresLength ? "Content-Length: \(1 << 40)\r\n" : ""
        let body = declaresLength ? "x" : String(repeating: "x", count: ServerValues.maximumBody + 1)
        let response = ScriptedServer.Response(raw: "HTTP/1.1 200 OK\r\n\(length)\r\n\(body)")
        try await ScriptedServer.with(respond: { _ in response }, settings: .impatient) { server, client in
            let error = try await error { _ = try await client.user() }
            #expect(error.code == .responseTooLong)
            #expect(server.requests.count == 1)
        }
    }

    @Test("a page with unusually long items is requested in smaller pages")
    func longPage() async throws {
        let respond = { @Sendable (request: ScriptedServer.Request) in
            guard let limit = request.query("limit").flatMap({ Int($0) }), limit <= 10 else {
                return ScriptedServer.Response(raw: "HTTP/1.1 200 OK\r\nContent-Length: \(1 << 30)\r\n\r\n{")
            }
            let offset = request.query("offset") ?? ""
            return Self.listing(#"{"id": "\#(offset)", "name": "f"}"#, next: offset == "0")
        }
        try await ScriptedServer.with(respond: respond) { _, client in
            var ids: [String] = []
            try await client.eachPage {
                try await client.files(in: .project("o/p"), offset: $0)
            } _: {
                ids += $0.map(\.id)
            }
            #expect(ids == ["0", "1"])
        }
    }

    @Test(
        "a missing or incomplete response does not block a call forever",
        arguments: [
            "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{", "HTTP/1.1 100 Continue\r\n\r\n",
        ]
    )
    func noResponse(beginning: String) async throws {
        var settings = ClientSettings.impatient
        settings.callTimeout = .seconds(4)
        settings.retry.attempts = 1
        let response = ScriptedServer.Response(raw: beginning, staysOpen: true)
        try await ScriptedServer.with(respond: { _ in response }, settings: settings) { _, client in
            let error = try await error { _ = try await client.user() }
            #expect(error.code == .timedOut)
        }
    }

    @Test(
        "malformed responses are errors",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n", "HTTP/1.1 99999 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "X-A: b\r\n", count: 3000) + "\r\n",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 1 << 20) + "\r\n\r\n", "\u{0}\u{1}\u{2}",
            "SSH-2.0-x\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n\u{1F}\u{0B}",
            "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        ]
    )
    func malformed(response: String) async throws {
        let response = ScriptedServer.Response(raw: response)
        try await ScriptedServer.with(respond: { _ in response }, settings: .impatient) { server, client in
            await #expect(throws: (any Error).self) { try await client.user() }
            #expect((1...2).contains(server.requests.count))
        }
    }
}
