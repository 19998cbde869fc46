import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@Suite("Streams of Server-Sent Events", .timeLimit(.minutes(10)))
struct EventStreamTests {
    @Test("a stream sends earlier events and then each new one, and resumes after any of them")
    func resuming() async throws {
        try await withTestServer(.live) { server in
            _ = try await server.api.uploadSmall("a")
            let earlier = try await server.api.events().events
            var stream = try await server.api.eventStream()
            #expect(stream.status == 200 && stream.headers["Content-Type"] == ["text/event-stream"])
            for event in earlier {
                let message = try #require(try await stream.next())
                #expect(try message.event == event && message.id == event.cursor)
                #expect(message.name == event.text("type"))
            }
            let file = try await server.api.uploadSmall("b")
            let message = try await stream.next(named: "org.pontoon.file.created")
            #expect(try message.event.subject == "files/\(file)")
            for query in ["after=\(earlier[0].cursor)", "after=latest"] {
                var resumed = try await server.api.eventStream(query, headers: ["Last-Event-ID": earlier[1].cursor])
                let next = try #require(try await resumed.next())
                #expect(try next.event == earlier[2], "\(query)")
            }
        }
    }

    @Test("filters and permissions apply to a stream")
    func filters() async throws {
        try await withTestServer(.live) { server in
            let other = try await server.addUser("other")
            try await server.addMember("other", of: "admin/uploads", rights: ["copy"])
            var files = try await other.eventStream("after=latest&types=file.created")
            var all = try await other.eventStream("after=latest")
            let hidden = try await server.api.createProject("Hidden")
            try await server.api.perform(.POST, "/files", ["name": "x", "type": "folder", "project": .string(hidden)])
            let file = try await server.api.uploadSmall("a")
            let message = try #require(try await files.next())
            #expect(try message.event.subject == "files/\(file)")
            let types = [try await all.next(), try await all.next()]
            #expect(try types.map { try $0?.event.type } == ["upload.completed", "file.created"])
        }
    }

    @Test("a stream ends when its token is revoked or the project can no longer be read")
    func lostRights() async throws {
        try await withTestServer(.live) { server in
            _ = try await server.addUser("other")
            try await server.addMember("other", of: "admin/uploads", rights: [])
            let token = try await server.createToken(for: "other")
            var ofProject = try await server.client(token: token).eventStream("after=latest&project=admin/uploads")
            var ofAll = try await server.client(token: token).eventStream("after=latest")
            try await server.api.perform(.DELETE, "/projects/admin/uploads/members/other")
            let message = try await ofProject.next(named: "error")
            guard case .object(let error) = try message.json else { throw UnexpectedResponse(description: "no object") }
            #expect(error["code"] == 3002)
            #expect(try await ofProject.next() == nil)
            #expect(try await ofAll.next()?.event.type == "member.removed")
            let revoked = try await server.withAccounts { try await $0.revokeToken(token) }
            #expect(revoked)
            let last = try await ofAll.next(named: "error")
            guard case .object(let end) = try last.json else { throw UnexpectedResponse(description: "no object") }
            #expect(end["code"] == 90001)
            #expect(try await ofAll.next() == nil)
        }
    }

    @Test("a stream with progress reports the caller's unfinished uploads whenever they have changed")
    func progress() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let upload = try await server.api.initialize("a", size: 6, partSize: 3)
            let other = try await server.addUser("other")
            try await server.addMember("other", of: "admin/uploads", rights: ["write"])
            _ = try await other.initialize("b", size: 6, partSize: 3)
            var stream = try await server.api.eventStream("after=latest&progress=true")
            for (number, stored) in [(0, 0), (1, 3), (2, 6)] {
                if number > 0 { try await server.api.store(upload, number, ByteBuffer(string: "abc")) }
                var message: EventStreamReader.Message
                var fields: [String: JSONValue]
                // A message may be sent after the part is stored and before it is reported.
                repeat {
                    message = try await stream.next(named: "upload.progress")
                    guard case .object(let object) = try message.json else { return }
                    fields = object
                } while fields["uploaded_parts_count"]?.integer != Int64(number)
                #expect(message.id == nil)
                #expect(fields["upload_id"] == .string(upload) && fields["stored_bytes"]?.integer == Int64(stored))
                #expect(fields["name"] == "a" && fields["size"] == 6 && fields["project"] == "admin/uploads")
            }
            #expect(try await server.api.complete(upload).status == 201)
            _ = try await stream.next(named: "org.pontoon.upload.completed")
        }
    }

    @Test("a user can have at most 16 streams at once")
    func limit() async throws {
        try await withTestServer(.live) { server in
            let other = try await server.addUser("other")
            var streams: [EventStreamReader] = []
            for _ in 0..<16 { streams.append(try await server.api.eventStream("after=latest")) }
            #expect(streams.allSatisfy { $0.status == 200 })
            try await eventually("the metric counts the streams") {
                try server.metrics().contains(/\npontoon_event_streams 16(\.0)?\n/)
            }
            server.expectRefusal(try await server.api.call(.GET, "/events?wait=1&after=latest"), 503, 0)
            #expect(try await server.api.eventStream().status == 503)
            #expect(try await server.api.call(.GET, "/events").status == 200, "a call that does not wait")
            #expect(try await other.eventStream().status == 200, "another user")
            streams = []
            // The server detects that a client has closed its connection only when it sends something.
            try await eventually("the streams have ended") {
                _ = try await server.api.uploadSmall(Identifiers.hex(bytes: 8))
                return try await server.api.call(.GET, "/events?wait=1&after=latest").status == 200
            }
        }
    }

    @Test("a stream is refused with a status, like other calls")
    func refusals() async throws {
        try await withTestServer(.live) { server in
            let cases = [("after=0123456789abcdef.0", 410), ("project=admin/none", 404), ("types=x", 400)]
            for (query, status) in cases {
                let stream = try await server.api.eventStream(query)
                #expect(stream.status == status, "\(query)")
            }
            #expect(try await server.client(token: "x").eventStream().status == 401)
        }
    }
}
