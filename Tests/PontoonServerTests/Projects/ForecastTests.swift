import Foundation
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

/// `GET /v2/forecast`.
@Suite(.timeLimit(.minutes(10)))
struct ForecastTests {
    private static let tenSeconds = Duration.seconds(10)

    @Test("an upload is forecast from its stored parts, and the disk from the parts of all users")
    func forecast() async throws {
        let clock = TestClock()
        try await withTestServer(clock: clock) { server in
            let upload = try await server.api.initialize("a.bin", size: 4000, partSize: 1000)
            let ada = try await server.addUser("ada")
            let nothing = try await ada.call(.GET, "/forecast")
            #expect(try nothing.status == 200 && nothing.entries.isEmpty)
            #expect(nothing["disk"]?["bytes_per_second"] == .null && nothing["disk"]?["full_on"] == .null)

            clock.advance(by: Self.tenSeconds)
            _ = try await server.api.store(upload, 1, ByteBuffer(repeating: 1, count: 1000))
            let forecast = try await server.api.call(.GET, "/forecast")
            let item = try #require(forecast.entries.first)
            #expect(item["upload_id"] == .string(upload) && item["name"] == "a.bin" && item["size"] == 4000)
            #expect(item.string("href")?.hasSuffix("/v2/upload/multipart/\(upload)") == true)
            #expect(item["stored_bytes"] == 1000 && item["remaining_bytes"] == 3000)
            // The time is rounded to milliseconds, and includes the time that the test takes.
            let rate = try #require(item["bytes_per_second"]?.integer)
            #expect((10...112).contains(rate), "\(rate)")
            let doneOn = try Date(try #require(item.string("done_on")), strategy: .iso8601)
            #expect(doneOn > clock.now)

            let disk = try #require(try await ada.call(.GET, "/forecast")["disk"])
            let free = try #require(disk["free_bytes"]?.integer)
            #expect(free > 0 && disk["bytes_per_second"]?.integer ?? 0 > 0)

            // After ten minutes without progress, the rates are unknown.
            clock.advance(by: Self.tenSeconds * 61)
            let idle = try await server.api.call(.GET, "/forecast")
            let unknown = try #require(idle.entries.first)
            #expect(unknown["bytes_per_second"] == .null && unknown["done_on"] == .null)
            #expect(unknown["remaining_bytes"] == 3000 && idle["disk"]?["bytes_per_second"] == .null)
        }
    }

    @Test("an upload has no end if its size is unknown, or if it would take until after the year 9999")
    func unknownEnd() async throws {
        let clock = TestClock()
        try await withTestServer(clock: clock) { server in
            let upload = try await server.api.initialize("unknown", size: nil)
            _ = try await server.api.store(upload, 1, ByteBuffer(repeating: 1, count: 1000))
            let item = try #require(try await server.api.call(.GET, "/forecast").entries.first)
            #expect(item["size"] == .null && item["remaining_bytes"] == .null && item["done_on"] == .null)
            #expect(item["stored_bytes"] == 1000 && item["bytes_per_second"]?.integer ?? 0 > 0)

            // The disk of the test has no space for an upload of this size.
            let driver = try await SQLiteDriver.open(server.app.settings.sqlite)
            let update: SQLStatement = "UPDATE uploads SET size = $1"
            try await driver.write { _ = try $0.execute(update, values: [.integer(PartSizing.maximumFileSize)]) }
            try await driver.close()
            clock.advance(by: .seconds(520))
            let slow = try #require(try await server.api.call(.GET, "/forecast").entries.first)
            #expect(slow["remaining_bytes"]?.integer == PartSizing.maximumFileSize - 1000)
            #expect(slow["bytes_per_second"] == 1 && slow["done_on"] == .null)
        }
    }

    @Test("the list is paged and contains only the caller's uploads, and only those in the projects of a limited token")
    func pages() async throws {
        try await withTestServer { server in
            let other = try await server.api.createProject("Other")
            for (name, project) in [("a", "admin/uploads"), ("b", "admin/uploads"), ("c", other)] {
                let body: JSONValue = ["project": .string(project), "name": .string(name), "size": 5]
                #expect(try await server.api.call(.POST, "/upload/multipart", body).status == 200)
            }
            let page = try await server.api.call(.GET, "/forecast?limit=2")
            #expect(try page.entries.count == 2)
            #expect(page.headers.first(name: "X-Total-Matching-Query") == "3")
            let next = try #require(page.pageLinks["next"])
            #expect(next.hasSuffix("/v2/forecast?offset=2&limit=2"))
            #expect(try await server.api.call(.GET, "/forecast?limit=0").status == 400)

            let rights = TokenRights(scope: .read, projects: [try #require(ProjectID(other))])
            let limited = server.client(
                token: try await server.createToken(for: "admin", TokenDetails(rights: rights))
            )
            #expect(try await limited.listed("/forecast", "name") == ["c"])
            let ada = try await server.addUser("ada")
            #expect(try await ada.listed("/forecast", "name") == [])
        }
    }
}
