import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon cat`, `pontoon download --output -` and `pontoon upload -`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct PipeTests {
    // MARK: - Downloads

    @Test("files of every length are written in order, one after another")
    func lengths() async throws {
        let sizes = [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, (40 << 20) + 7]
        try await withPontoon { server, user in
            var expected = ByteBuffer()
            for size in sizes {
                let bytes = testBytes(seed: UInt64(size), count: size)
                expected.writeImmutableBuffer(bytes)
                _ = try await server.api.upload("f\(size)", bytes)
            }
            let paths = sizes.map { "admin/uploads/f\($0)" }
            let out = user.inShell("\"$@\" >'\(user.path("out"))'")
            let run = try await out.run(["cat"] + paths)
            #expect(run.code == 0 && run.errors.isEmpty, "\(run)")
            #expect(try user.bytes("out") == expected)
            let names = sizes.map { "f\($0)" }
            let download = ["download", "--project", "admin/uploads", "--output", "-", "--range-size", "64K"]
            let again = try await out.run(download + names)
            #expect(again.code == 0 && again.errors.contains("6 of 6 files downloaded"), "\(again)")
            #expect(try user.bytes("out") == expected)
        }
    }

    @Test("memory stays within its limit although the reader is slow")
    func slowReader() async throws {
        try await withPontoon { server, user in
            let size = 160 << 20
            try user.makeFile("f", size: size)
            #expect(try await user.upload(user.path("f")).code == 0)
            #expect(mkfifo(user.path("pipe"), 0o600) == 0)
            let pid = #"printf '{"event":"began","pid":%d}\n' $!"#
            let out = user.inShell("\"$@\" >'\(user.path("pipe"))' & \(pid); wait $!")
            let run = try await out.run(["cat", "--max-memory", "64M", "admin/uploads/f"]) { event, _ in
                let client = try #require(event.number("pid"))
                let pipe = try FileHandle(forReadingFrom: URL(filePath: user.path("pipe")))
                // The pipe holds at most 64 KiB, so the client is still running.
                var read = try #require(try pipe.read(upToCount: size - (1 << 20)))
                let process = try ProcessFacts(pid_t(client))
                #expect(process.peakMemory < 96 << 20, "\(process.peakMemory)")
                #expect(!process.arguments.contains(user.token))
                read += try pipe.readToEnd() ?? Data()
                #expect(try read == Data(contentsOf: URL(filePath: user.path("f"))))
            }
            #expect(run.code == 0, "\(run)")
        }
    }

    @Test("after lost connections, no byte is missing or repeated")
    func cutDownload() async throws {
        try await withPontoon { server, user in
            let bytes = testBytes(seed: 1, count: (18 << 20) + 3)
            _ = try await server.api.upload("f", bytes)
            let fault = { @Sendable (number: Int) -> FaultInjectionProxy.Fault in
                number % 3 == 1 ? .cutResponse(after: 100_000 + number * 77_777) : .none
            }
            try await FaultInjectionProxy.with(server, fault: fault) { proxy in
                var out = user.inShell("\"$@\" >'\(user.path("out"))'")
                out.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                let run = try await out.run(["cat", "admin/uploads/f"])
                #expect(run.code == 0, "\(run)")
            }
            #expect(try user.bytes("out") == bytes)
        }
    }

    @Test("a damaged file exits with 7, after its bytes have been written")
    func damagedFile() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.upload("f", testBytes(seed: 1, count: 5 << 20))
            try server.damageStoredFile()
            for command in [["cat"], ["download", "-o", "-"]] {
                let run = try await user.inShell("\"$@\" | wc -c").run(command + ["admin/uploads/f"])
                #expect(run.code == 7 && run.output == "\(5 << 20)", "\(run)")
                #expect(run.errors.contains("Discard the output."), "\(run)")
            }
        }
    }

    @Test("--tar writes a folder as an archive, which is complete even after lost connections")
    func folder() async throws {
        try await withPontoon { server, user in
            let folder = try await server.api.makeFolder("run")
            let bytes = testBytes(seed: 1, count: (18 << 20) + 3)
            let file = try await server.api.upload("f", bytes)
            _ = try await server.api.move(file, ["parent": .string(folder)])
            let url = try await server.api.call(.GET, "/files/\(folder)/archive_info").text("url")
            let archive = try await server.api.send(.GET, url).body
            let fault = { @Sendable (number: Int) -> FaultInjectionProxy.Fault in
                number % 2 == 1 ? .cutResponse(after: 3_000_000 + number * 77_777) : .none
            }
            try await FaultInjectionProxy.with(server, fault: fault) { proxy in
                var out = user.inShell("\"$@\" >'\(user.path("out"))'")
                out.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                let command = ["download", "--tar", "--output", "-"]
                let run = try await out.run(command + ["admin/uploads/run"])
                #expect(run.code == 0 && run.errors.contains("1 of 1 file downloaded"), "\(run)")
                #expect(try user.bytes("out") == archive)
            }
            let extract = user.inShell("\"$@\" | tar -x -C '\(user.folder)'")
            let whole = try await extract.run(["download", "--tar", "-o", "-", "--project", "admin/uploads"])
            #expect(whole.code == 0, "\(whole)")
            #expect(try user.bytes("uploads/run/f") == bytes)
            let rows: [(arguments: [String], code: Int, word: String)] = [
                (["admin/uploads/run", "admin/uploads"], 64, "one folder"), (["admin/uploads/run/f"], 64, "is a file"),
                (["admin/uploads/none"], 4, "does not exist"),
            ]
            for (arguments, code, word) in rows {
                let run = try await user.run(["download", "--tar", "-o", "-"] + arguments)
                #expect(run.code == code && (run.output + run.errors).contains(word), "\(arguments): \(run)")
            }
            let noOutput = try await user.run(["download", "--tar", "admin/uploads/run"])
            #expect(noOutput.code == 64 && noOutput.errors.contains("--output -"), "\(noOutput)")
        }
    }

    @Test("a closed pipe stops cat silently, and a full disk stops it with a message")
    func lostOutput() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.upload("f", testBytes(seed: 1, count: 20 << 20))
            let closed = try await user.inShell("\"$@\" | head -c 10 >/dev/null").run(["cat", "admin/uploads/f"])
            #expect(closed.code == 141 && closed.errors.isEmpty, "\(closed)")
            let full = try await user.inShell("\"$@\" >/dev/full").run(["cat", "admin/uploads/f"])
            #expect(full.code == 8 && full.errors.contains("Cannot write to standard output"), "\(full)")
        }
    }

    @Test("a missing source does not stop the others, and unsuitable arguments are refused")
    func badSources() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.uploadSmall("a", "1")
            let id = try await server.api.uploadSmall("b", "2")
            let missing = try await user.run(["cat", "admin/uploads/a", "admin/uploads/none", id])
            #expect(missing.code == 4 && missing.output == "12", "\(missing)")
            #expect(missing.errors.hasPrefix("pontoon: 'admin/uploads/none' does not exist"), "\(missing)")
            let rows: [(arguments: [String], code: Int, word: String)] = [
                (["cat", "admin/uploads"], 64, "folder or project"), (["cat", "--json", id], 64, "--json"),
                (["download", "-o", "-", "--json", id], 64, "--output -"), (["cat"], 64, "paths"),
            ]
            for (arguments, code, word) in rows {
                let run = try await user.run(arguments)
                #expect(run.code == code && (run.output + run.errors).contains(word), "\(arguments): \(run)")
            }
            let stream = try await user.inShell("echo 1 | \"$@\"").run(
                ["upload", "-", "--name", "c", "--to", "admin/uploads", "--parallel", "3"]
            )
            #expect(stream.code == 0 && stream.errors.hasPrefix("Uploading 1 file, over up to 3 connections.\nc: 2 B "))
        }
    }

    // MARK: - Uploads

    private static let partSize = 5 << 20

    /// Returns a user whose client reads a file below the home folder through a pipe.
    private func piping(_ name: String, _ user: PontoonUser) -> PontoonUser {
        var piping = user.inShell("cat '\(user.path(name))' | \"$@\"")
        piping.environment["TMPDIR"] = user.path("tmp")
        return piping
    }

    private let upload = ["upload", "-", "--json", "--project", "admin/uploads", "--part-size", "5M", "--name"]

    @Test("streams of every length arrive and are verified", arguments: [StoreChoice.sqliteAndDisk, .sqliteAndS3])
    func streams(on choice: StoreChoice) async throws {
        let sizes = [
            0, 1, Self.partSize - 1, Self.partSize, Self.partSize + 1, 3 * Self.partSize, 4 * Self.partSize + 9,
        ]
        try await withPontoon(on: TestStores(choice)) { server, user in
            try FileManager.default.createDirectory(atPath: user.path("tmp"), withIntermediateDirectories: false)
            for size in sizes {
                try user.makeFile("f", size: size, seed: UInt64(size))
                let run = try await piping("f", user).run(upload + ["s\(size)", "--tag", "t", "--meta", "k=v"])
                #expect(run.code == 0, "\(run)")
                let result = try #require(run.all("uploaded").first, "\(run)")
                #expect(result.number("size") == Int64(size) && result.text("verified_by") != "size", "\(run)")
                #expect(try await server.api.content("s\(size)") == user.bytes("f"), "\(size)")
                let id = try await server.api.fileID("s\(size)")
                let file = try await server.api.call(.GET, "/files/\(id)")
                #expect(file["tags"] == ["t"] && file["metadata"] == ["k": "v"], "\(file)")
            }
            #expect(try user.names("tmp") == [])
        }
    }

    @Test("a part whose connection is lost is sent again")
    func cutUpload() async throws {
        try await withPontoon { server, user in
            let size = 6 * Self.partSize + 17
            try user.makeFile("f", size: size)
            try FileManager.default.createDirectory(atPath: user.path("tmp"), withIntermediateDirectories: false)
            let fault = { @Sendable (number: Int) -> FaultInjectionProxy.Fault in
                // However many connections the client opens, one of the first two sends a part.
                number == 0 || number % 3 == 1 ? .cutRequest(after: 300_000 + number * 77_777) : .none
            }
            let run = try await FaultInjectionProxy.with(server, fault: fault) { proxy in
                var user = piping("f", user)
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.run(upload + ["f"])
            }
            #expect(run.code == 0 && !run.all("retrying").isEmpty, "\(run)")
            #expect(try await server.api.content("f") == user.bytes("f"))
            #expect(try user.names("tmp") == [])
        }
    }

    @Test("memory does not depend on the length of the stream or the part size")
    func streamMemory() async throws {
        try await withPontoon { server, user in
            let size = 120 << 20
            try user.makeFile("f", size: size)
            let seen = Counter()
            let arguments = [
                "upload", "-", "--name", "f", "--json", "--project", "admin/uploads", "--part-size", "64M",
            ]
            let run = try await user.held(at: "/complete", server) { user, valve in
                // With `exec`, the process id that the test receives belongs to the client, not to the shell.
                let user = user.inShell("exec \"$@\" < <(cat '\(user.path("f"))')")
                return try await user.run(arguments + ["--max-memory", "64M"]) { event, pid in
                    guard event.kind == "verifying", seen.next() == 0 else { return }
                    try await valve.holding()
                    let process = try ProcessFacts(pid)
                    #expect(process.peakMemory < 96 << 20, "\(process.peakMemory)")
                    valve.release()
                }
            }
            #expect(run.code == 0 && seen.next() == 1, "\(run)")
            #expect(try await server.api.content("f") == user.bytes("f"))
        }
    }

    @Test("an interrupted stream leaves no upload and no file", arguments: [SIGINT, SIGTERM])
    func interrupted(signal: CInt) async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: 10 * Self.partSize)
            try FileManager.default.createDirectory(atPath: user.path("tmp"), withIntermediateDirectories: false)
            let seen = Counter()
            // The stream does not end, so the client waits for bytes.
            let endless = user.inShell("exec \"$@\" < <(cat '\(user.path("f"))'; exec sleep 600)")
            let run = try await endless.run(upload + ["f"]) { event, pid in
                if event.kind == "part", seen.next() == 0 { kill(pid, signal) }
            }
            #expect(run.code == 130, "\(run)")
            #expect(run.all("cancelled").count == 1, "\(run)")
            #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [], "\(run)")
            #expect(try await server.api.call(.GET, "/files?project=admin/uploads")["items"] == [], "\(run)")
            #expect(try await piping("f", user).run(upload + ["f"]).code == 0)
        }
    }

    @Test("the progress of a stream shows bytes without a percentage, and Ctrl-C says that it cannot be resumed")
    func display() async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: 3 * Self.partSize)
            let endless = user.inShell("\"$@\" < <(cat '\(user.path("f"))'; exec sleep 600)")
            let steps: [TerminalStep] = [
                .until("15.0 MiB so far"), .show, .send("\u{3}"), .until("cannot be resumed"),
            ]
            let arguments = ["upload", "-", "--project", "admin/uploads", "--part-size", "5M", "--name", "f"]
            let session = try await TerminalSession(steps, arguments, server, endless)
            #expect(session.code == 130, "\(session.raw)")
            let screen = session.screens[0].joined(separator: "\n")
            #expect(screen.contains("f  15.0 MiB") && !screen.contains("%") && !screen.contains("ETA"), "\(screen)")
        }
    }

    @Test("options that need a file are refused, and the conflict rules apply to a taken name")
    func refusals() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.uploadSmall("taken")
            let input = user.inShell("\"$@\" < <(printf abc)")
            let place = ["--project", "admin/uploads"]
            let rows: [(arguments: [String], code: Int, word: String)] = [
                (place, 64, "--name"), (place + ["--name", "x", "--keep-tree"], 64, "--keep-tree"),
                (place + ["--name", "x", "--dry-run"], 64, "--dry-run"),
                (place + ["--name", "x", user.path("f")], 64, "only"),
                (place + ["--name", "x", "--part-size", "1M"], 64, "5 MiB"),
                (place + ["--name", "a/b"], 8, "name"), (place + ["--name", "taken"], 5, "--overwrite"),
            ]
            for (arguments, code, word) in rows {
                let run = try await input.run(["upload", "-"] + arguments)
                #expect(run.code == code && run.errors.contains(word), "\(arguments): \(run)")
            }
            let replaced = try await input.run(["upload", "-", "--name", "taken", "--overwrite"] + place)
            #expect(replaced.code == 0, "\(replaced)")
            #expect(try await server.api.content("taken") == ByteBuffer(string: "abc"))
            let renamed = try await input.run(
                ["upload", "-", "--name", "taken", "--on-conflict", "rename", "--quiet"] + place
            )
            #expect(renamed.code == 0 && renamed.errors.isEmpty, "\(renamed)")
            #expect(try await server.api.content("_1_taken") == ByteBuffer(string: "abc"))
            let skipped = try await input.run(["upload", "-", "--name", "taken", "--skip-existing"] + place)
            #expect(skipped.code == 0 && skipped.errors.contains("taken: skipped"), "\(skipped)")
            #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [])
        }
    }

    @Test("an unusable temporary folder is reported, with the remedy")
    func fullFolder() async throws {
        try await withPontoon { server, user in
            var user = user.inShell("\"$@\" < <(printf abc)")
            user.environment["TMPDIR"] = user.path("none")
            let run = try await user.run(upload + ["f"])
            #expect(run.code == 8 && run.output.contains("TMPDIR"), "\(run)")
        }
    }
}
