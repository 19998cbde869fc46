import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Output that cannot be written, the last event of `--json`, and errors in arguments.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct OutputTests {
    @Test("results that cannot be written make every command fail, with a message")
    func fullDisk() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10).string
            let receipt = user.path("receipt")
            #expect(try await user.upload("--receipt", receipt, path).code == 0)
            _ = try await server.api.initialize("unfinished", size: 10)
            let upload = ["upload", "--project", "admin/uploads"]
            let rows = [
                ["ls", "admin/uploads"], ["ls", "--json", "admin/uploads"], ["projects"], ["uploads"], ["token"],
                upload + ["--dry-run", path], upload + ["--json", path], ["verify", "--json", receipt],
                ["compare", "--json", user.path(""), "admin/uploads"],
                ["files", "tag", "--add", "x", "admin/uploads/f"], ["checksum", path], ["cat", "admin/uploads/f"],
                ["sync", "--dry-run", user.path("state"), "admin/uploads/state"],
                ["doctor"], ["config", "platforms"], ["--help"], ["upload", "--help"],
                ["--generate-completion-script", "bash"],
            ]
            for row in rows {
                let run = try await user.inShell("\"$@\" >/dev/full").run(row)
                #expect(run.code == 8 && run.errors.contains("Cannot write to standard output"), "\(row): \(run)")
            }
            for row in [["ls", "admin/uploads"], upload + ["--json", "--overwrite", path]] {
                let run = try await user.inShell("\"$@\" >&-").run(row)
                #expect(run.code == 8 && run.errors.contains("Cannot write to standard output"), "\(row): \(run)")
            }
            #expect(try Data(contentsOf: URL(filePath: path)).count == 10)
            let created = "'\(Places.pontoond)' token create admin --data '\(server.data)' >/dev/full"
            let server = try await user.inShell(created).run([])
            #expect(server.code == 1 && server.errors.contains("cannot write to standard output"), "\(server)")
        }
    }

    @Test("messages that cannot be written do not stop a transfer, but the exit code is not 0")
    func fullErrors() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10).string
            let run = try await user.inShell("\"$@\" 2>/dev/full").run(["upload", "--project", "admin/uploads", path])
            #expect(run.code == 8, "\(run)")
            _ = try await server.api.fileID("f")
        }
    }

    /// Runs the client with its output in a pipe whose reader closes it after one line.
    ///
    /// Until the reader closes the pipe, all but the first `passes` requests with `text` in their heads are blocked.
    /// Otherwise, the client could write a short output completely before the reader closes the pipe. `pipe` is shell
    /// syntax that follows the command, in which `READER` stands for the reader.
    private func closingPipe(
        _ pipe: String,
        heldAt text: String,
        passes: Int = 0,
        _ user: PontoonUser,
        _ server: ServerProcess,
        _ body: @escaping @Sendable (PontoonUser) async throws -> PontoonRun
    ) async throws -> PontoonRun {
        let closed = user.path("closed-\(UUID().uuidString)")
        let reader = "{ head -1 >/dev/null; exec <&-; : >'\(closed)'; }"
        return try await user.held(at: text, passes: passes, server) { user, valve in
            async let run = body(user.inShell("\"$@\" \(pipe.replacing("READER", with: reader))"))
            try await eventually("the reader has closed the pipe") { FileManager.default.fileExists(atPath: closed) }
            valve.release()
            return try await run
        }
    }

    @Test("a command stops at once and without a message when the reader closes the pipe")
    func closedPipe() async throws {
        try await withPontoon(arguments: ["--log-level", "info"]) { server, user in
            for number in 0..<450 { try user.makeFile("data/f\(number)", size: 0) }
            #expect(try await user.upload(user.path("data")).code == 0)
            func requests() throws -> Int {
                let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
                return log.split(separator: "\n").filter {
                    $0.contains("method=GET") && $0.contains("route=/v2/files ")
                }
                .count
            }
            let before = try requests()
            #expect(try await user.run(["ls", "admin/uploads"]).code == 0)
            let all = try requests() - before
            let run = try await closingPipe("| READER", heldAt: "GET /v2/files?", passes: 1, user, server) {
                try await $0.run(["ls", "admin/uploads"])
            }
            // 141 is 128 plus the number of SIGPIPE.
            #expect(run.code == 141 && run.errors.isEmpty, "\(run)")
            #expect(try requests() - before - all < all)

            for flag in ["--json", "--overwrite"] {
                let pipe = flag == "--json" ? "| READER" : "2> >(READER)"
                let upload = try await closingPipe(pipe, heldAt: "/v2/upload/archive", user, server) { user in
                    let arguments = ["--no-resume", "--overwrite", flag, user.path("data")]
                    return try await user.run(["upload", "--project", "admin/uploads"] + arguments)
                }
                #expect(upload.code == 141 && upload.errors.isEmpty, "\(flag): \(upload)")
            }
        }
    }

    @Test("with --json, the last event of every command is 'finished' or 'error'")
    func lastEvent() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10).string
            let receipt = user.path("receipt")
            #expect(try await user.upload("--receipt", receipt, path).code == 0)
            let rows: [(arguments: [String], code: Int)] = [
                (["ls"], 0), (["ls", "admin/uploads"], 0), (["ls", "admin/none"], 4), (["projects"], 0),
                (["projects", "admin/uploads"], 0), (["uploads"], 0), (["uploads", "resume"], 0),
                (["uploads", "abort", "--older-than", "1h"], 0), (["uploads", "abort", "none"], 4),
                (["upload", "--project", "admin/uploads", "--dry-run", path], 0), (["upload", path], 64),
                (["upload", "--project", "admin/uploads", user.path("none")], 4), (["verify", receipt], 0),
                (["verify", "--local", user.path("none")], 8), (["compare", user.path("none"), "admin/uploads"], 4),
                (["download", "admin/uploads/f", "--output", user.path("back")], 0), (["download"], 64),
                (["files", "cp", "admin/uploads/f", "admin/uploads/g"], 0),
                (["files", "meta", "--set", "k=v", "admin/uploads/g"], 0), (["files", "rm", "admin/uploads/g"], 0),
                (["token"], 0), (["token", "create"], 0), (["token", "revoke", "none"], 4), (["doctor"], 0),
                (["checksum", path], 0), (["checksum", user.path("none")], 4),
                (["verify", "--format", "md5sum", path], 64),
                (["download", "--dry-run", "admin/uploads/f", "--output", user.path("dry")], 0),
                (["sync", "--dry-run", user.path("state"), "admin/uploads/state"], 0),
                (["sync", user.path("none"), "admin/uploads/none"], 4),
                (["upload", "-", "--name", "empty", "--to", "admin/uploads"], 0), (["config", "show"], 0),
                (["nonsense"], 64), (["ls", "--nonsense"], 64),
            ]
            for (arguments, code) in rows {
                let run = try await user.run(arguments + ["--json"])
                #expect(run.code == code, "\(arguments): \(run)")
                let last = try #require(run.events.last, "\(arguments): \(run)")
                if last.kind == "finished" {
                    #expect(last.number("exit_code") == Int64(code), "\(arguments): \(run)")
                } else {
                    #expect(last.kind == "error" && code != 0 && last.text("code") != nil, "\(arguments): \(run)")
                }
                #expect((run.all("finished") + run.all("error")).count == 1, "\(arguments): \(run)")
            }
            let project = try await user.run(["projects", "admin/uploads", "--json"])
            #expect(
                project.all("project").first?.fields["permissions"] == ["read", "copy", "write", "execute", "admin"]
            )
        }
    }

    @Test("an unknown option is reported before missing ones, with a suggestion if a similar option exists")
    func unknownOption() async throws {
        try await withPontoon { _, user in
            let rows: [(arguments: [String], message: String)] = [
                (["upload", "--projct", "a/b", "f"], "Unknown option '--projct'. Did you mean '--project'?"),
                (["upload", "--project", "a/b", "--parent", "c", "--dryrun"], "Did you mean '--dry-run'?"),
                (["verify", "--locl"], "Unknown option '--locl'. Did you mean '--local'?"),
                (["files", "tag", "--ad=x"], "Unknown option '--ad'. Did you mean '--add'?"),
                (["token", "--nme"], "Unknown option '--nme'."), (["download", "-x"], "Unknown option '-x'."),
                (["upload", "--project", "a"], "--project must be owner/project"),
                (["upload", "--", "--projct"], "Pass the destination with --to owner/project/folder"),
            ]
            for (arguments, message) in rows {
                let run = try await user.run(arguments)
                #expect(run.code == 64 && run.errors.hasPrefix("Error: "), "\(arguments): \(run)")
                let first = run.errors.split(separator: "\n").first ?? ""
                #expect(first.contains(message), "\(arguments): \(run)")
                #expect(run.errors.contains("Usage: pontoon \(arguments[0])"), "\(arguments): \(run)")
            }
        }
    }
}
