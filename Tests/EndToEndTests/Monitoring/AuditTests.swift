import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The audit log of a server process and of administration commands, and the server's log of its start and stop.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct AuditTests {
    @Test("administration commands are recorded with the operator, the object and the result, and never with a token")
    func commands() async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("audit.log")
            let options = ServerOptions(data: folder.appending("data"), arguments: ["--audit-log", log.string])
            try await withServer(options) { server in
                let audit = ["--audit-log", log.string]
                func command(_ arguments: String...) async throws -> String {
                    try await pontoond(arguments + ["--data", server.data.string] + audit).output
                }
                _ = try await command("user", "add", "ann")
                #expect(try await pontoond(["user", "add", "ann", "--data", server.data.string] + audit).status == 1)
                let first = try await command("token", "create", "ann")
                let second = try await command("token", "create", "ann")
                // The first line is the header of the table.
                let ids = try await server.administer("token", "list", "ann").split(separator: "\n").dropFirst()
                    .map { String($0.prefix(12)) }
                try #require(ids.count == 2)
                _ = try await pontoond(
                    ["token", "revoke", "-", "--data", server.data.string] + audit,
                    input: first
                )
                _ = try await command("token", "revoke", ids[1])
                for action in ["disable", "enable", "remove"] { _ = try await command("user", action, "ann") }
                _ = try await command("key", "rotate")
                _ = try await command("backup", folder.appending("backup").string)
                _ = try await command("scrub")
                _ = try await command("check")
                // `check --repair` is refused while the server uses the directory.
                #expect(try await pontoond(["check", "--repair", "--data", server.data.string] + audit).status == 2)
                let upload = try await server.api.initialize("a", size: 1)
                try await eventually("the server's line is written") { try Self.lines(log).count == 14 }
                _ = try await command("uploads", "abort", upload)

                let lines = try Self.lines(log)
                let actions = lines.map { $0.string("action") }
                try #require(
                    actions == [
                        "user.add", "user.add", "token.create", "token.create", "token.revoke", "token.revoke",
                        "user.disable", "user.enable", "user.remove", "key.rotate", "backup", "scrub", "repair",
                        "upload.initialize", "upload.abort",
                    ]
                )
                #expect(lines.map { $0.string("result") == "success" }.filter { !$0 }.count == 2)
                #expect(lines[1].string("result") == "refused" && lines[1].string("error") == "userExists")
                #expect(lines[0].string("object") == "ann" && lines[0].string("operator") == "root")
                #expect(lines[2].string("object") == ids[0] && lines[2].string("target") == "ann")
                // The argument of the first command was the token itself, which must not be recorded.
                #expect(lines[4].string("object") == nil && lines[5].string("object") == ids[1])
                let text = try String(contentsOfFile: log.string, encoding: .utf8)
                for secret in [first, second, server.token] { #expect(!text.contains(secret)) }
            }
        }
    }

    @Test("with the audit log on standard output, a command writes its line to standard error")
    func standardOutput() async throws {
        try await withServer { server in
            let created = try await pontoond(
                ["token", "create", "admin", "--data", server.data.string, "--audit-log", "-"]
            )
            #expect(created.output.count == 32)
            let line = try #require(created.errors.split(separator: "\n").first { $0.hasPrefix("{") })
            #expect(line.contains("\"action\":\"token.create\"") && !line.contains(created.output))
        }
    }

    @Test("a command succeeds even if its line cannot be written, and reports it")
    func failedLine() async throws {
        try await withServer { server in
            let added = try await pontoond(
                ["user", "add", "bob", "--data", server.data.string, "--audit-log", "/dev/full"]
            )
            #expect(added.status == 0)
            #expect(added.errors.contains("pontoond: the audit log was not written"))
        }
    }

    @Test("a server whose audit log cannot be opened does not start")
    func unusableFile() async throws {
        try await withTemporaryFolder { folder in
            let refused = try await runServer(
                ["--data", folder.appending("data").string, "--audit-log", folder.appending("none/audit.log").string]
            )
            refused.expectRefusal("'audit-log'", "cannot open the file", "directory")
        }
    }

    @Test("SIGHUP opens the audit log again, and the server keeps serving")
    func reload() async throws {
        try await withTemporaryFolder { folder in
            let (log, old) = (folder.appending("audit.log"), folder.appending("audit.log.1"))
            let options = ServerOptions(data: folder.appending("data"), arguments: ["--audit-log", log.string])
            try await withServer(options) { server in
                _ = try await server.api.initialize("before", size: 1)
                try await eventually("the line is written") { try Self.lines(log).count == 1 }
                try FileManager.default.moveItem(atPath: log.string, toPath: old.string)
                server.signal(SIGHUP)
                try await eventually("the file is opened again") {
                    try String(contentsOfFile: server.log.string, encoding: .utf8).contains("reload finished")
                }
                _ = try await server.api.initialize("after", size: 1)
                try await eventually("the line is written") { try Self.lines(log).count == 1 }
                #expect(try Self.lines(old).map { $0.string("name") } == ["before"])
                #expect(try Self.lines(log).map { $0.string("name") } == ["after"])
                try await server.expectStillServing()
            }
        }
    }

    @Test("while the disk of the audit log is full, the server works, logs one error, and counts the missing lines")
    func fullDisk() async throws {
        try await withSmallDisk("size=64k") { disk in
            try await withTemporaryFolder { folder in
                let (log, filler) = (disk.appending("audit.log"), disk.appending("filler"))
                var options = ServerOptions(data: folder.appending("data"))
                options.arguments = [
                    "--audit-log", log.string, "--metrics-listen", "127.0.0.1:0", "--log-level", "info",
                ]
                try await withServer(options) { server in
                    let url = try await metricsURL(server)
                    try Self.fill(filler)
                    let path = "/files/0123456789abcdef01234567"
                    try await eventually("lines are dropped") {
                        #expect(try await server.api.call(.DELETE, path).status == 404)
                        return try await Self.dropped(url) > 0
                    }
                    for _ in 0..<50 { #expect(try await server.api.call(.DELETE, path).status == 404) }
                    try await server.expectStillServing()

                    try FileManager.default.removeItem(atPath: filler.string)
                    try await eventually("lines can be written again") {
                        _ = try await server.api.call(.DELETE, path)
                        return try String(contentsOfFile: server.log.string, encoding: .utf8).contains("writable again")
                    }
                    let failures = try String(contentsOfFile: server.log.string, encoding: .utf8)
                        .split(separator: "\n").filter { $0.contains("audit log not written") }
                    #expect(failures.count == 1)
                    // Every line is complete, even if only part of it fitted on the disk at first.
                    let lines = try Self.lines(log)
                    #expect(lines.allSatisfy { $0.string("action") != nil })
                    #expect(try await Self.dropped(url) >= 50)
                }
            }
        }
    }

    @Test("the server's log contains the version and the changed settings without secrets, in JSON if requested")
    func startAndStop() async throws {
        try await withTemporaryFolder { folder in
            let token = "9f2c41d7e8b35a60c1947be2d30f8a56"
            var options = ServerOptions(data: folder.appending("data"))
            options.arguments = ["--log-format", "json", "--log-level", "trace", "--grace", "7s"]
            options.environment = ["PONTOON_BOOTSTRAP_TOKEN": token]
            try await withServer(options) { server in _ = try await server.api.call(.GET, "/user") }
            let log = try String(contentsOfFile: folder.appending("data.log").string, encoding: .utf8)
            let lines = try log.split(separator: "\n").map { line in
                try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
            }
            let messages = lines.compactMap { $0.string("message") }
            #expect(messages.count == lines.count)
            let positions = try ["server started", "request", "server stopping", "server stopped"].map { message in
                try #require(messages.firstIndex(of: message), "\(message)")
            }
            #expect(positions == positions.sorted())
            guard case .object(let start) = lines[positions[0]], case .object(let settings) = start["settings"] else {
                throw UnexpectedResponse(description: "no settings in \(lines[positions[0]])")
            }
            #expect(start["level"] == "notice" && start["version"] != nil)
            #expect(settings["grace"] == "7s" && settings["bootstrap-token"] == "<secret>")
            #expect(!log.contains(token))
        }
    }

    /// Runs `pontoond`.
    private func pontoond(
        _ arguments: [String],
        input: String = ""
    ) async throws -> (status: Int32, output: String, errors: String) {
        let result = try await run(
            .path(Places.pontoond),
            arguments: Arguments(arguments),
            input: .string(input),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        guard case .exited(let status) = result.terminationStatus else {
            throw UnexpectedResponse(description: "\(arguments): \(result.terminationStatus)")
        }
        return (status, result.standardOutput.trimmingCharacters(in: .newlines), result.standardError)
    }

    /// Writes zeros to a file until the disk is full.
    private static func fill(_ path: FilePath) throws {
        let file = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite)
        try file.closeAfter {
            do {
                while true { _ = try file.writeAll(Array(repeating: UInt8(0), count: 512)) }
            } catch Errno.noSpace {}
        }
    }

    /// Returns the lines of an audit log; none if the file does not exist.
    private static func lines(_ path: FilePath) throws -> [JSONValue] {
        guard FileManager.default.fileExists(atPath: path.string) else { return [] }
        return try String(contentsOfFile: path.string, encoding: .utf8).split(separator: "\n").map { line in
            try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8))
        }
    }

    /// Returns the number of lines missing from the audit log, according to the metrics.
    private static func dropped(_ url: String) async throws -> Int {
        let text = try await APIClient(origin: "", token: nil).send(.GET, url).bodyText
        let name = "pontoon_audit_dropped_lines_total "
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name) })
        return try #require(Int(line.split(separator: " ")[1]))
    }
}
