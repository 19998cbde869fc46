import Foundation
import Logging
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonServer
import PontoonTesting
import SystemPackage
import Testing
import Yams

/// A server with `--read-only true`.
@Suite(.timeLimit(.minutes(10)))
struct ReadOnlyTests {
    private static let flags = ["--read-only", "true"]
    /// Calls with a method other than `GET` that change nothing.
    private static let reading: Set<String> = [
        "POST /v2/bulk/files/get", "HEAD /storage/files/{file_id}",
        "HEAD /storage/archives/{username}/{file_id}/{version}/{format}", "POST /v2/files/search",
        "POST /v2/bulk/files/{action}",
    ]
    /// Calls with `GET` that prepare a change: they return URLs to which parts are sent.
    private static let preparing: Set<String> = [
        "GET /v2/upload/multipart/{upload_id}/part/{part_number}", "GET /v2/upload/multipart/{upload_id}/part_infos",
        "GET /v2/automation/upload/{upload_id}/part/{part_number}", "GET /v2/automation/upload/{upload_id}/part_infos",
    ]

    @Test("every call of the API that changes anything gets 503 with code 0, and all others are served")
    func matrix() async throws {
        let text = String(decoding: APIDocument.openAPI, as: UTF8.self)
        let document = try #require(try Yams.load(yaml: text) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let calls = Set(paths.flatMap { path, item in item.keys.map { "\($0.uppercased()) \(path)" } })
        let preparing = Self.preparing.intersection(calls)
        #expect(calls.count > 50 && Self.reading.isSubset(of: calls) && preparing.count >= 2)
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let ids = try await withTestServer(on: data) { server in
                let link = try await server.api.createLink()
                let upload = try await server.api.initialize("open", size: 10)
                let file = try await server.api.upload("f", ByteBuffer(string: "text"))
                return ["{link_id}": link.id, "{upload_id}": upload, "{file_id}": file]
            }
            try await withTestServer(on: data, arguments: Self.flags) { server in
                let values = ids.merging([
                    "{owner}": "admin", "{project}": "uploads", "{username}": "admin", "{part_number}": "1",
                ]) { $1 }
                for call in calls.sorted() {
                    let words = call.split(separator: " ").map(String.init)
                    var path = values.reduce(words[1]) { $0.replacing($1.key, with: $1.value) }
                    path.replace(/\{[a-z_]+\}/, with: "0")
                    let response = try await server.api.send(
                        HTTPMethod(rawValue: words[0]),
                        server.origin + path,
                        headers: ["X-SBG-Auth-Token": server.token]
                    )
                    let changes = words[0] != "GET" && !Self.reading.contains(call) || preparing.contains(call)
                    if changes {
                        server.expectRefusal(response, 503, 0, "\(call)")
                        #expect(response.headers["Retry-After"] == ["30"], "\(call)")
                    } else {
                        #expect(response.status != 503 || words[1] == "/readyz", "\(call)")
                    }
                }
                // A caller without a token does not learn that the server is read-only.
                let anybody = server.client(token: nil)
                server.expectRefusal(try await anybody.call(.POST, "/projects"), 401, 90001)
            }
        }
    }

    @Test("downloads, lists and parts stay available, and nothing changes until the server is writable again")
    func reading() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let clock = TestClock()
            let bytes = pseudoRandomBytes(seed: 2, count: 10_000)
            let arguments = smallParts + ["--upload-lifetime", "1h"]
            let (upload, file, url) = try await withTestServer(on: data, arguments: arguments, clock: clock) { server in
                let upload = try await server.api.initialize("open", size: 20_000, partSize: 10_000)
                try await server.api.store(upload, 1, bytes)
                let file = try await server.api.upload("f", bytes)
                return (upload, file, try await server.api.partURL(upload, 2))
            }
            let readOnly = arguments + Self.flags
            try await withTestServer(on: data, .live, arguments: readOnly, clock: clock) { server in
                #expect(try await server.api.download(file) == bytes)
                let parts = try await server.api.call(.GET, "/upload/multipart/\(upload)?list_parts=true")
                #expect(parts.status == 200 && parts.bodyText.contains("\"part_number\":1"), "\(parts.bodyText)")
                for list in ["/projects", "/files?project=admin/uploads", "/upload/multipart"] {
                    #expect(try await server.api.call(.GET, list).status == 200, "\(list)")
                }
                let get = try await server.api.call(.POST, "/bulk/files/get", ["file_ids": [.string(file)]])
                #expect(get.status == 200)
                // The URL was signed before the server became read-only.
                let path = try target(url)
                server.expectRefusal(try await server.api.send(.PUT, server.origin + path, bytes), 503, 0, "PUT")
                try await eventually("ready") {
                    let ready = try await server.api.send(.GET, server.origin + "/readyz")
                    return try ready.json == ["status": "ready", "read_only": true]
                }
                clock.advance(by: .seconds(7200))
            }
            try await withTestServer(on: data, arguments: arguments, clock: TestClock()) { server in
                let path = try target(url)
                let sent = try await server.api.send(.PUT, server.origin + path, bytes)
                let etag = try #require(sent.headers.first(name: "ETag"))
                #expect(try await server.api.report(upload, 2, .string(etag)).status == 200)
                #expect(try await server.api.complete(upload).status == 201)
            }
        }
    }

    @Test("the first start creates no user")
    func firstStart() async throws {
        try await withTemporaryFolder { folder in
            let flags = [GivenFlag(Setting.data, folder.appending("data").string), GivenFlag(Setting.readOnly, "true")]
            let settings = try Settings(try GivenSettings(flags: flags, environment: [:]))
            try await OpenedStores.withStores(settings) { stores in
                let app = try await App.build(settings: settings, stores: stores, logger: Logger(label: "test"))
                #expect(try await app.createFirstUser() == .missing)
                #expect(app.credentials?.exists == false)
            }
        }
    }
}
