import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Events of servers in separate processes.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct EventTests {
    @Test("through Caddy, a stream delivers each event immediately, and a new stream resumes after a given event")
    func throughCaddy() async throws {
        try await withServer { server in
            try await withCaddy([String(server.origin.dropFirst("http://".count))]) { site in
                let proxied = APIClient(origin: site, token: server.token)
                var stream = try await proxied.eventStream("after=latest&types=file.created")
                #expect(stream.status == 200 && stream.headers["Content-Type"] == ["text/event-stream"])
                var cursor: String?
                for name in ["a", "b", "c"] {
                    let file = try await server.api.uploadSmall(name)
                    // The stream does not end, so a proxy that collects it would never deliver the event.
                    let message = try await stream.next(named: "org.pontoon.file.created")
                    #expect(try message.event.subject == "files/\(file)")
                    if name == "a" { cursor = message.id }
                }
                let position = try #require(cursor)
                var resumed = try await proxied.eventStream("types=file.created", headers: ["Last-Event-ID": position])
                for name in ["b", "c"] {
                    let message = try #require(try await resumed.next())
                    #expect(try message.event.detail("name") == .string(name))
                }
            }
        }
    }

    @Test("after SIGTERM, streams and waiting calls end, and the server exits with 0")
    func shutdown() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: ["--drain", "0s"])
            let (_, status) = try await withServer(options) { server in
                var stream = try await server.api.eventStream("after=latest")
                var progress = try await server.api.eventStream("after=latest&progress=true")
                #expect(stream.status == 200 && progress.status == 200)
                // Both streams have delivered an event, so they are waiting for the next one.
                _ = try await server.api.uploadSmall("a")
                _ = try await stream.next(named: "org.pontoon.file.created")
                _ = try await progress.next(named: "org.pontoon.file.created")
                var streams: [EventStreamReader] = []
                for _ in 0..<11 { streams.append(try await server.api.eventStream("after=latest")) }
                let never = "/events?after=latest&types=project.deleted"
                async let waiting = concurrently(3) { _ in
                    // The call is refused while the call below counts towards the limit.
                    while true {
                        let status = try await server.api.call(.GET, "\(never)&wait=60").status
                        if status != 503 { return status }
                    }
                }
                try await eventually("all 16 calls and streams that a user may have are waiting") {
                    try await server.api.call(.GET, "\(never)&wait=1").status == 503
                }
                server.signal(SIGTERM)
                #expect(try await waiting == [200, 200, 200])
                #expect(try await stream.next() == nil)
                #expect(try await progress.next() == nil)
                for var stream in streams { #expect(try await stream.next() == nil) }
            }
            #expect(status == .exited(0))
        }
    }

    @Test("on PostgreSQL, all servers deliver the same events in the same order", .tags(.needsPostgreSQL))
    func severalServers() async throws {
        try await Cluster.with(ownEngines: false) { cluster in
            try await cluster.withServers(3) { servers in
                var streams: [EventStreamReader] = []
                for server in servers { streams.append(try await server.api.eventStream("after=latest")) }
                let files = try await concurrently(12) { index in
                    try await servers[index % 3].api.uploadSmall("\(index)")
                }
                let gone = try #require(files.first)
                #expect(try await servers[1].api.call(.DELETE, "/files/\(gone)").status == 204)
                let (events, next) = try await servers[0].api.events()
                #expect(try events.existingFiles == Set(files.dropFirst()))
                for (server, var stream) in zip(servers, streams) {
                    var received: [ReceivedEvent] = []
                    while received.count < 25 { received.append(try #require(try await stream.next()).event) }
                    #expect(received == events.suffix(25))
                    let (again, end) = try await server.api.events("limit=5")
                    #expect(again == events && end == next)
                    #expect(try await server.api.events(after: events[3].cursor).events == Array(events[4...]))
                }
            }
        }
    }
}
