import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// `pontoon uploads --follow`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct FollowTests {
    @Test(
        "progress and results of uploads are printed until no upload is unfinished",
        arguments: [
            (["--event-retention", "30d"], "completed", "aborted"), (["--event-retention", "0s"], "ended", "ended"),
        ]
    )
    func follow(_ arguments: [String], completed: String, aborted: String) async throws {
        try await withPontoon(arguments: smallParts + arguments) { server, user in
            let first = try await server.api.initialize("a.bin", size: 6, partSize: 3)
            let second = try await server.api.initialize("b.bin", size: 6, partSize: 3)
            let seen = Mutex(Set<String>())
            let run = try await user.run(["uploads", "--follow", "--json"]) { event, _ in
                guard event.kind == "upload", let id = event.text("upload_id"),
                    let stored = event.number("stored_bytes")
                else { return }
                let isNew = seen.withLock { $0.insert("\(id) \(stored)").inserted }
                guard isNew else { return }
                switch (id, stored) {
                case (first, 0): try await server.api.store(first, 1, ByteBuffer(string: "abc"))
                case (first, 3): try await server.api.store(first, 2, ByteBuffer(string: "def"))
                case (first, 6): #expect(try await server.api.complete(first).status == 201)
                case (second, 0):
                    #expect(try await server.api.call(.DELETE, "/upload/multipart/\(second)").status == 204)
                default: Issue.record("\(event)")
                }
            }
            #expect(run.code == 0, "\(run)")
            let ends = run.all("upload_ended").map { "\($0.text("upload_id") ?? "") \($0.text("result") ?? "")" }
            #expect(Set(ends) == ["\(first) \(completed)", "\(second) \(aborted)"], "\(run)")
            #expect(run.all("finished").first?.number("uploads") == 2, "\(run)")
        }
    }

    @Test("without unfinished uploads, the command exits immediately")
    func none() async throws {
        try await withPontoon { _, user in
            let run = try await user.run(["uploads", "ls", "--follow"])
            #expect(run.code == 0 && run.output == "You have no unfinished uploads.", "\(run)")
        }
    }

    @Test("following continues after the server restarts")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            let port = try FreePort.reserve()
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts, port: port)
            let (upload, _) = try await withServer(options) { server in
                try await server.api.initialize("a.bin", size: 3, partSize: 3)
            }
            let home = folder.appending("home")
            try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: false)
            let (gate, ended, users) = (Gate(), Gate(), AsyncStream.makeStream(of: PontoonUser.self))
            @Sendable func follow() async throws -> PontoonRun? {
                defer { ended.open() }
                for await user in users.stream {
                    return try await user.run(["uploads", "--follow", "--json", "--retry-for", "1h"]) { event, _ in
                        if event.kind == "upload" { gate.open() }
                    }
                }
                return nil
            }
            async let followed = follow()
            try await withServer(options) { server in
                users.continuation.yield(PontoonUser(home, server))
                try await gate.pass()
            }
            try await withServer(options) { server in
                try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
                #expect(try await server.api.complete(upload).status == 201)
                try await ended.pass()
            }
            let run = try #require(try await followed)
            #expect(run.code == 0, "\(run)")
            #expect(run.all("upload_ended").map { $0.text("result") } == ["completed"], "\(run)")
        }
    }
}
