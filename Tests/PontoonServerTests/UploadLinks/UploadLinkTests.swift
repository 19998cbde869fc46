import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// The calls with which members manage upload links.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct UploadLinkTests {
    @Test("a link is created, listed, changed and revoked, and its secret is shown once")
    func life() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let folder = try await server.api.makeFolder("inbox")
            let body: JSONValue = [
                "parent": .string(folder), "name": "Lab B", "note": "a\nb", "password": "correct horse",
                "max_files": 2, "max_bytes": 100,
            ]
            let created = try await server.api.call(.POST, "/upload_links", body)
            #expect(created.status == 201)
            let (id, secret) = (try created.text("id"), try created.text("secret"))
            #expect(created["url"] == .string("\(server.origin)/drop/\(id)#\(secret)"))
            let shown = try await server.api.call(.GET, "/upload_links/\(id)")
            var expected = try created.json.fields
            (expected["secret"], expected["url"]) = (nil, nil)
            #expect(try shown.json == .object(expected))
            #expect(shown["parent"] == .string(folder) && shown["project"] == "admin/uploads")
            #expect(shown["has_password"] == true && shown["state"] == "active" && shown["created_by"] == "admin")
            #expect(shown["usage"] == ["bytes": 0, "files": 0, "open_bytes": 0, "open_uploads": 0, "senders": 0])
            let list = try await server.api.call(.GET, "/upload_links?project=admin/uploads")
            #expect(try list.entries == [shown.json] && list.headers["X-Total-Matching-Query"] == ["1"])
            let change: JSONValue = ["name": "Lab C", "password": nil, "max_files": nil, "max_bytes": 50]
            let changed = try await server.api.call(.PATCH, "/upload_links/\(id)", change)
            #expect(changed["name"] == "Lab C" && changed["note"] == "a\nb" && changed["has_password"] == false)
            #expect(changed["max_files"] == nil && changed["max_bytes"] == 50)
            let unchanged = try await server.api.call(.PATCH, "/upload_links/\(id)", [:])
            #expect(try unchanged.json == changed.json)
            #expect(try await server.api.call(.DELETE, "/upload_links/\(id)").status == 204)
            server.expectRefusal(try await server.api.call(.GET, "/upload_links/\(id)"), 404, 90003)
            server.expectRefusal(try await server.api.call(.DELETE, "/upload_links/\(id)"), 404, 90003)
            #expect(!server.log.contains(secret) && !server.log.contains("correct horse"))
        }
    }

    @Test("invalid fields are refused")
    func fields() async throws {
        let long = JSONValue.string(String(repeating: "ü", count: 101))
        let rows: [[String: JSONValue]] = [
            ["name": nil], ["name": ""], ["name": "  "], ["name": long], ["name": "a\nb"], ["name": 1],
            ["note": .string(String(repeating: "x", count: 4097))], ["note": "\0"], ["password": "1234567"],
            ["password": .string(String(repeating: "x", count: 201))], ["max_files": 0], ["max_files": 1_000_001],
            ["max_files": "1"], ["max_bytes": 0], ["max_bytes": .integer(1 << 50 + 1)], ["expires": "tomorrow"],
            ["expires": "2020-01-01T00:00:00Z"], ["expires": "2999-01-01T00:00:00Z"], ["expires": 1],
        ]
        try await withTestServer { server in
            let link = try await server.api.createLink()
            let before = try await server.api.call(.GET, "/upload_links/\(link.id)")
            for row in rows {
                let body = ["project": "admin/uploads", "name": "a"].merging(row) { $1 }
                let created = try await server.api.call(.POST, "/upload_links", .object(body))
                server.expectRefusal(created, 400, 90000, "\(row.keys)")
                // `null` keeps the name.
                if row == ["name": nil] { continue }
                let changed = try await server.api.call(.PATCH, "/upload_links/\(link.id)", .object(row))
                server.expectRefusal(changed, 400, 90000, "\(row.keys)")
            }
            let file = try await server.api.uploadSmall("file")
            let places: [(fields: [String: JSONValue], status: Int, code: Int64)] = [
                ([:], 400, 5029), (["project": "x"], 400, 5005), (["project": "a/b", "parent": "c"], 400, 5031),
                (["project": "admin/none"], 404, 3002), (["parent": "none"], 404, 5026),
                (["parent": .string(file)], 400, 5022),
            ]
            for place in places {
                let body = place.fields.merging(["name": "a"]) { $1 }
                let response = try await server.api.call(.POST, "/upload_links", .object(body))
                server.expectRefusal(response, place.status, place.code, "\(place.fields)")
            }
            server.expectRefusal(try await server.api.call(.GET, "/upload_links"), 400, 90000)
            server.expectRefusal(try await server.api.call(.GET, "/upload_links?project=x"), 400, 5005)
            #expect(try await server.api.call(.GET, "/upload_links/\(link.id)").json == before.json)
            for time in ["%@T12:00:00Z", "%@T12:00:00.123Z", "%@T14:00:00+02:00"] {
                let day = server.clock.now.addingTimeInterval(5 * 86400).formatted(.iso8601).prefix(10)
                let body: JSONValue = ["expires": .string(time.replacing("%@", with: day))]
                let changed = try await server.api.call(.PATCH, "/upload_links/\(link.id)", body)
                #expect(changed["expires"] == .string("\(day)T12:00:00Z"), "\(time)")
            }
        }
    }

    @Test("only members who may write see and manage the links of a project")
    func permissions() async throws {
        try await withTestServer { server in
            let stranger = try await server.addUser("stranger")
            let reader = try await server.addUser("reader")
            let writer = try await server.addUser("writer")
            try await server.addMember("reader", of: "admin/uploads", rights: ["copy", "execute"])
            try await server.addMember("writer", of: "admin/uploads", rights: ["write"])
            let link = try await server.api.createLink()
            let calls: [(method: String, path: String, body: JSONValue?)] = [
                ("POST", "/upload_links", ["project": "admin/uploads", "name": "a"]),
                ("GET", "/upload_links?project=admin/uploads", nil), ("GET", "/upload_links/\(link.id)", nil),
                ("PATCH", "/upload_links/\(link.id)", ["name": "b"]), ("DELETE", "/upload_links/\(link.id)", nil),
            ]
            for call in calls {
                let isLink = call.path.contains(link.id)
                let refused = try await stranger.call(.init(rawValue: call.method), call.path, call.body)
                server.expectRefusal(refused, 404, isLink ? 90003 : 3002, "\(call.method) \(call.path)")
                let forbidden = try await reader.call(.init(rawValue: call.method), call.path, call.body)
                server.expectRefusal(forbidden, 403, 3001, "\(call.method) \(call.path)")
                let allowed = try await writer.call(.init(rawValue: call.method), call.path, call.body)
                #expect((200..<300).contains(allowed.status), "\(call.method) \(call.path)")
            }
        }
    }

    @Test("an expired link can be extended, and is deleted a month after its expiry")
    func expiry() async throws {
        let clock = TestClock()
        try await withTestServer(clock: clock) { server in
            let expires = clock.now.addingTimeInterval(3600).formatted(.iso8601)
            let link = try await server.api.createLink(["expires": .string(expires)])
            clock.advance(by: .seconds(3601))
            #expect(await server.runMaintenance().errors.isEmpty)
            #expect(try await server.api.call(.GET, "/upload_links/\(link.id)")["state"] == "expired")
            server.expectRefusal(try await server.api.signIn(link.secret), 410, 90003)
            let later = clock.now.addingTimeInterval(3600).formatted(.iso8601)
            let extended = try await server.api.call(.PATCH, "/upload_links/\(link.id)", ["expires": .string(later)])
            #expect(extended["state"] == "active")
            #expect(try await server.api.signIn(link.secret).status == 201)
            clock.advance(by: .seconds(31 * 86400))
            #expect(await server.runMaintenance().errors.isEmpty)
            server.expectRefusal(try await server.api.call(.GET, "/upload_links/\(link.id)"), 404, 90003)
            server.expectRefusal(try await server.api.signIn(link.secret), 404, 90003)
        }
    }
}

extension JSONValue {
    /// The fields of an object; empty for any other value.
    fileprivate var fields: [String: JSONValue] {
        guard case .object(let fields) = self else { return [:] }
        return fields
    }
}
