import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Hook commands and validate commands of servers in separate processes.
@Suite(.serialized, .timeLimit(.minutes(10)), .tags(.endToEnd))
struct HookTests {
    /// Writes a program that appends the value of an environment variable to the `runs` file, and then runs `script`.
    private static func program(_ variable: String, _ script: String = "", in folder: FilePath) throws -> FilePath {
        let path = folder.appending("program")
        let text = "#!/bin/sh\ncat > /dev/null\necho \"$\(variable)\" >> \(folder)/runs\n\(script)\n"
        try text.write(toFile: path.string, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.string)
        return path
    }

    /// Returns shell code that waits until ``release(_:)`` is called or the test has removed the folder.
    private static func hold(_ folder: FilePath) -> String {
        "while [ -d \(folder) ] && [ ! -e \(folder)/released ]; do sleep 0.05; done"
    }

    private static func release(_ folder: FilePath) throws {
        try Data().write(to: URL(filePath: folder.appending("released").string))
    }

    private static func lines(_ name: String, in folder: FilePath) -> [String] {
        let text = (try? String(contentsOfFile: folder.appending(name).string, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    @Test("a hook whose server is killed runs again after the restart, and earlier hooks do not")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let script = """
                [ "$PONTOON_PROJECT" = admin/uploads ] || exit 1
                [ ! -e \(folder)/hold ] || \(Self.hold(folder))
                echo "$PONTOON_EVENT_ID" >> \(folder)/ends
                """
            let program = try Self.program("PONTOON_EVENT_ID", script, in: folder)
            let options = ServerOptions(
                data: folder.appending("data"),
                arguments: ["--hook-command", program.string]
            )
            let (_, status) = try await withServer(options) { server in
                _ = try await server.api.uploadSmall("a")
                try await eventually("the first run has ended") { Self.lines("ends", in: folder).count == 1 }
                // The server stores the position only after a run has ended.
                _ = try await server.api.uploadSmall("b")
                try await eventually("the second run has ended") { Self.lines("ends", in: folder).count == 2 }
                try Data().write(to: URL(filePath: folder.appending("hold").string))
                _ = try await server.api.uploadSmall("c")
                try await eventually("the third run has begun") { Self.lines("runs", in: folder).count == 3 }
                server.signal(SIGKILL)
            }
            #expect(status == .signaled(SIGKILL))
            try await withServer(options) { server in
                try await eventually("the third run is repeated") { Self.lines("runs", in: folder).count >= 4 }
                try Self.release(folder)
                _ = try await server.api.uploadSmall("d")
                let events = try await server.api.events("types=file.created").events.compactMap { $0.text("id") }
                try await eventually("all runs have ended") { Set(Self.lines("ends", in: folder)) == Set(events) }
                let runs = Self.lines("runs", in: folder)
                #expect(events.count == 4 && runs.filter { $0 == events[0] }.count == 1)
                #expect(runs.filter { $0 == events[2] }.count == 2 && runs.filter { $0 == events[3] }.count == 1)
            }
        }
    }

    @Test("if a server is killed while it validates a file, the upload can be completed after the restart")
    func killedInValidation() async throws {
        try await withTemporaryFolder { folder in
            let program = try Self.program("PONTOON_UPLOAD_ID", Self.hold(folder), in: folder)
            let options = ServerOptions(
                data: folder.appending("data"),
                arguments: ["--validate-command", program.string]
            )
            let (upload, status) = try await withServer(options) { server in
                let upload = try await server.api.initialize("a", size: 3)
                try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
                async let lost: APIResponse? = try? server.api.complete(upload)
                try await eventually("the program runs") { Self.lines("runs", in: folder) == [upload] }
                server.signal(SIGKILL)
                #expect(await lost == nil)
                return upload
            }
            #expect(status == .signaled(SIGKILL))
            try await withServer(options) { server in
                let list = try await server.api.call(.GET, "/files?project=admin/uploads")
                #expect(try list.entries.isEmpty, "the program has not accepted the file")
                try Self.release(folder)
                let file = try await server.api.complete(upload).text("id")
                #expect(try await server.api.download(file) == ByteBuffer(string: "abc"))
                #expect(Self.lines("runs", in: folder) == [upload, upload])
            }
        }
    }

    @Test("pontoon reports the reason of a refusal, and does not send the file again", arguments: [10, 3 << 20])
    func client(size: Int) async throws {
        try await withTemporaryFolder { folder in
            let program = try Self.program("PONTOON_NAME", "echo 'bad bytes'; exit 1", in: folder)
            try await withPontoon(arguments: ["--validate-command", program.string]) { _, user in
                try user.makeFile("reads", size: size)
                let run = try await user.upload(user.path("reads"))
                let failed = try #require(run.all("failed").first, "\(run)")
                #expect(run.code != 0 && run.all("failed").count == 1 && failed.text("code") == "api_8007")
                #expect(failed.text("message")?.contains("The file was refused: bad bytes") == true, "\(run)")
                #expect(Self.lines("runs", in: folder) == ["reads"])
            }
        }
    }

    @Test("a hook receives the event that the API returns, and a failed attempt is logged and repeated")
    func event() async throws {
        try await withTemporaryFolder { folder in
            let program = folder.appending("program")
            let script = """
                #!/bin/sh
                cat > \(folder)/event
                if [ "$PONTOON_ATTEMPT" = 1 ]; then echo "no luck" >&2; exit 3; fi
                mv \(folder)/event "\(folder)/seen"
                """
            try script.write(toFile: program.string, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.string)
            let options = ServerOptions(data: folder.appending("data"), arguments: ["--hook-command", program.string])
            try await withServer(options) { server in
                _ = try await server.api.uploadSmall("a")
                let seen = folder.appending("seen")
                try await eventually("the second attempt") { FileManager.default.fileExists(atPath: seen.string) }
                let received = try JSONDecoder().decode(
                    JSONValue.self,
                    from: Data(contentsOf: URL(filePath: seen.string))
                )
                let events = try await server.api.events("types=file.created").events
                #expect(try events == [ReceivedEvent(received)])
                let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
                #expect(log.contains("hook failed") && log.contains("no luck") && log.contains("exited with status 3"))
            }
        }
    }

    @Test("a program that cannot be run, or a hook without events, keeps the server from starting")
    func refusedStart() async throws {
        try await withTemporaryFolder { folder in
            let base = ["--data", folder.appending("data").string]
            for flag in ["validate-command", "hook-command"] {
                try await runServer(base + ["--\(flag)", "/nonexistent/program"])
                    .expectRefusal("'\(flag)'", "'/nonexistent/program'", "No such file or directory")
                try await runServer(base + ["--\(flag)", "/etc/passwd"]).expectRefusal("'\(flag)'", "Permission denied")
            }
            try await runServer(base + ["--hook-command", "/bin/true", "--event-retention", "0s"])
                .expectRefusal("'hook-command'", "--event-retention")
        }
    }

    @Test("one of several servers runs the hook for each event, and another takes over", .tags(.needsPostgreSQL))
    func severalServers() async throws {
        try await Cluster.with(ownEngines: false) { cluster in
            let program = try Self.program("PONTOON_EVENT_ID", in: cluster.folder)
            let arguments = ["--hook-command", program.string]
            // If a server lost its lease because the machine is busy, its last runs would be repeated.
            let options = (0...1).map {
                cluster.options($0, arguments: arguments, leaseDuration: Cluster.longLeaseDuration)
            }
            try await withServer(options[0]) { first in
                try await withServer(options[1]) { second in
                    _ = try await concurrently(20) { index in
                        try await (index % 2 == 0 ? first : second).api.uploadSmall("\(index)")
                    }
                    try await eventually("the hook has run for each file") {
                        Set(Self.lines("runs", in: cluster.folder)).count == 20
                    }
                    #expect(Self.lines("runs", in: cluster.folder).count == 20)
                    first.signal(SIGKILL)
                    _ = try await second.api.uploadSmall("last")
                    try await eventually("the hook has run for the last file") {
                        Set(Self.lines("runs", in: cluster.folder)).count == 21
                    }
                }
            }
        }
    }

    @Test("hooks that run while the database is down are not repeated", .tags(.needsPostgreSQL))
    func databaseAway() async throws {
        try await Cluster.with { cluster in
            let folder = cluster.folder
            let script = """
                while [ -d \(folder) ] && [ ! -e "\(folder)/released-$PONTOON_EVENT_ID" ]; do sleep 0.05; done
                echo "$PONTOON_EVENT_ID" >> \(folder)/ends
                """
            let program = try Self.program("PONTOON_EVENT_ID", script, in: folder)
            @Sendable func release(_ id: String) throws {
                try Data().write(to: URL(filePath: folder.appending("released-\(id)").string))
            }
            try await withServer(cluster.options(0, arguments: ["--hook-command", program.string])) { server in
                for name in ["a", "b"] { _ = try await server.api.uploadSmall(name) }
                try await eventually("both hooks are running") { Self.lines("runs", in: folder).count == 2 }
                let ids = try await server.api.events("types=file.created").events.compactMap { $0.text("id") }
                let position = "SELECT value FROM properties WHERE name = 'hook-cursor'"
                let before = try await cluster.sql(position)
                try await cluster.database.stop()
                try release(ids[0])
                try await eventually("the first hook has ended") { Self.lines("ends", in: folder) == [ids[0]] }
                try await cluster.database.start()
                try await eventually("the position has moved past the first event") {
                    try await cluster.sql(position) != before
                }
                try release(ids[1])
                try await eventually("the second hook has ended") { Self.lines("ends", in: folder) == ids }
                #expect(Self.lines("runs", in: folder).sorted() == ids.sorted())
            }
        }
    }

    @Test("while a file is validated, the lease is renewed, and another server waits", .tags(.needsPostgreSQL))
    func longValidation() async throws {
        try await Cluster.with(ownEngines: false) { cluster in
            let folder = cluster.folder
            let program = try Self.program("PONTOON_UPLOAD_ID", Self.hold(folder), in: folder)
            let arguments = ["--validate-command", program.string]
            let options = (0...1).map {
                cluster.options($0, arguments: arguments, leaseDuration: Cluster.longLeaseDuration)
            }
            try await withServer(options[0]) { first in
                try await withServer(options[1]) { second in
                    let upload = try await first.api.initialize("a", size: 3)
                    try await second.api.store(upload, 1, ByteBuffer(string: "abc"))
                    async let one = first.api.complete(upload)
                    try await eventually("the program runs") { Self.lines("runs", in: folder) == [upload] }
                    async let other = second.api.complete(upload)
                    let lease = "SELECT claim_expires_on FROM uploads WHERE id = '\(upload)'"
                    let begun = try #require(Double(try await cluster.sql(lease)))
                    let leaseTime = Cluster.longLeaseDuration / .milliseconds(1)
                    try await eventually("the lease has been renewed several times") {
                        try #require(Double(try await cluster.sql(lease))) > begun + leaseTime
                    }
                    try Self.release(folder)
                    let responses = try await [one, other]
                    #expect(responses.allSatisfy { $0.status == 201 }, "\(responses.map(\.bodyText))")
                    #expect(responses[0]["id"] == responses[1]["id"])
                    #expect(Self.lines("runs", in: folder) == [upload])
                }
            }
        }
    }
}
