import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@Suite("GET /v2/events", .timeLimit(.minutes(10)))
struct EventCallTests {
    @Test("a completed upload records events in the format of CloudEvents")
    func format() async throws {
        try await withTestServer { server in
            let file = try await server.api.uploadSmall("a.bin")
            let (events, next) = try await server.api.events("types=upload.completed,file.created")
            #expect(events.map(\.type) == ["upload.completed", "file.created"])
            let created = try #require(events.last)
            let id = try #require(created.text("id"))
            #expect(id.wholeMatch(of: /[0-9a-f]{16}-[0-9]+/) != nil)
            #expect(created.fields["specversion"] == "1.0" && created.fields["source"] == "/v2")
            #expect(created.fields["type"] == "org.pontoon.file.created")
            #expect(created.fields["datacontenttype"] == "application/json")
            #expect(created.subject == "files/\(file)" && created.text("project") == "admin/uploads")
            #expect(created.text("actor") == "admin" && created.cursor == next)
            #expect(created.detail("id") == .string(file) && created.detail("name") == "a.bin")
            #expect(created.detail("upload") == events[0].detail("id"))
            #expect(events[0].detail("file") == .string(file))
            #expect(try await server.api.call(.GET, "/" + created.subject).status == 200)
        }
    }

    @Test("pages continue at the cursor, which also moves past events of other projects")
    func pages() async throws {
        try await withTestServer { server in
            let other = try await server.addUser("other")
            for name in ["a", "b"] { _ = try await server.api.uploadSmall(name) }
            let (all, end) = try await server.api.events()
            #expect(try await server.api.events("limit=1").events == all)
            #expect(try await server.api.events("limit=3&project=admin/uploads").events == all)
            #expect(try await server.api.events(after: all[1].cursor).events == Array(all[2...]))
            let header = try await server.api.call(.GET, "/events?after=x", headers: ["Last-Event-ID": end])
            #expect(header.status == 200 && header["events"] == [], "the header takes precedence")
            for (query, expected) in [("", all.count), ("?after=latest", 0)] {
                let empty = try await server.api.call(.GET, "/events\(query)", headers: ["Last-Event-ID": ""])
                #expect(try empty.status == 200 && empty.events.count == expected, "an empty header counts as absent")
            }
            let (none, next) = try await other.events()
            #expect(none == [] && next == end)
            #expect(try await server.api.call(.GET, "/events?after=latest").text("next") == end)
            #expect(try await server.api.call(.HEAD, "/events").status == 200)
        }
    }

    @Test("an event names the user who made the change, and has no user if a sender made it")
    func actors() async throws {
        try await withTestServer { server in
            let other = try await server.addUser("other")
            try await server.addMember("other", of: "admin/uploads", rights: ["write"])
            let file = try await server.api.uploadSmall("a")
            #expect(try await other.call(.DELETE, "/files/\(file)").status == 204)
            let link = try await server.api.createLink()
            let sender = try await server.api.sender(of: link)
            try await sender.sendFile("from-bob")
            let events = try await server.api.events("types=file.deleted,upload_link.used,file.created").events
            let actors = events.map { "\($0.type) \($0.text("actor") ?? "-")" }
            let expected = ["file.created admin", "file.deleted other", "upload_link.used -", "file.created -"]
            #expect(actors == expected)
        }
    }

    @Test("wrong parameters and cursors, and projects that the caller may not read, are refused")
    func refusals() async throws {
        try await withTestServer { server in
            let other = try await server.addUser("other")
            let end = try await server.api.events().next
            let log = String(end.prefix { $0 != "." })
            for query in ["after=", "after=1", "after=\(log).-1", "after=\(log).x", "limit=0", "wait=x", "types=a"] {
                server.expectRefusal(try await server.api.call(.GET, "/events?\(query)"), 400, 90000, "\(query)")
            }
            for cursor in ["\(log).999999999999999999", "0123456789abcdef.0"] {
                server.expectRefusal(try await server.api.call(.GET, "/events?after=\(cursor)"), 410, 90003)
            }
            server.expectRefusal(try await other.call(.GET, "/events?project=admin/uploads"), 404, 3002)
            let upload = try await server.createToken(for: "admin", TokenDetails(rights: TokenRights(scope: .upload)))
            server.expectRefusal(try await server.client(token: upload).call(.GET, "/events"), 403, 90002)
            let limited = try await server.createToken(
                for: "admin",
                TokenDetails(rights: TokenRights(scope: .read, projects: [try #require(ProjectID("admin/uploads"))]))
            )
            try await server.api.perform(.POST, "/projects", ["name": "Other"])
            let projects = try await server.client(token: limited).events().events.map { $0.text("project") }
            #expect(Set(projects) == ["admin/uploads"])
        }
    }

    @Test("a waiting call returns as soon as there is an event, or without events after the requested time")
    func waiting() async throws {
        try await withTestServer(.live) { server in
            let end = try await server.api.events().next
            let none = try await server.api.call(.GET, "/events?wait=1&after=\(end)")
            #expect(try none.events == [] && none.text("next") == end)
            // Without an event, these calls would wait for 60 seconds and return none.
            async let waiting = concurrently(5) { _ in
                try await server.api.call(.GET, "/events?wait=60&after=\(end)&types=file.created")
            }
            let file = try await server.api.uploadSmall("a")
            for response in try await waiting {
                #expect(try response.events.map(\.subject) == ["files/\(file)"])
            }
        }
    }

    @Test("old events are deleted, and their cursors expire")
    func retention() async throws {
        try await withTestServer(arguments: ["--event-retention", "1d"]) { server in
            _ = try await server.api.uploadSmall("a")
            let (events, _) = try await server.api.events()
            server.clock.advance(by: .seconds(86400 - 60))
            #expect(await server.runMaintenance().errors.isEmpty)
            #expect(try await server.api.events().events == events, "younger events")
            server.clock.advance(by: .seconds(120))
            #expect(await server.runMaintenance().errors.isEmpty)
            #expect(try await server.api.events().events == [])
            server.expectRefusal(try await server.api.call(.GET, "/events?after=\(events[0].cursor)"), 410, 90003)
            _ = try await server.api.uploadSmall("b")
            let new = try await server.api.events(after: events.last?.cursor).events
            #expect(new.map(\.type) == ["upload.completed", "file.created"])
        }
    }

    @Test("with a retention of 0, there are no events and no extension")
    func off() async throws {
        try await withTestServer(arguments: ["--event-retention", "0s"]) { server in
            let index = try await server.api.call(.GET, "/")
            let extensions = try #require(index["extensions"]?.strings)
            #expect(!extensions.contains("events") && extensions.contains("usage"))
            server.expectRefusal(try await server.api.call(.GET, "/events"), 404, 90003)
        }
    }
}
