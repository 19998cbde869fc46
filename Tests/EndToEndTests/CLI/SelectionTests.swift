import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Selection and naming of files by `pontoon upload`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct SelectionTests {
    @Test("paths are read from a file or standard input, and paths of failed files are written for the next run")
    func lists() async throws {
        try await withPontoon { server, user in
            let paths = try ["a", "b c", "ü"].map { try user.makeFile("data/\($0)", size: 10).string }
            let bad = try user.makeFile("data/bad\u{7}", size: 10).string
            let (list, failed) = (user.path("list"), user.path("failed"))
            try Data((paths + [bad]).joined(separator: "\n").utf8).write(to: URL(filePath: list))
            let first = try await user.upload("--files-from", list, "--failed-to", failed)
            #expect(first.code == 8 && first.all("uploaded").count == 3, "\(first)")
            #expect(try String(contentsOfFile: failed, encoding: .utf8) == bad + "\n")
            let second = try await user.upload("--files-from", failed, "--name", "good")
            #expect(second.code == 0, "\(second)")
            let input = paths.joined(separator: "\n") + "\n"
            let place = ["upload", "--json", "--project", "admin/uploads"]
            let third = try await user.run(place + ["--files-from", "-"], input: input)
            #expect(third.code == 0 && third.all("already_there").count == 3, "\(third)")
            let names = try await server.api.listed("/files?project=admin/uploads", "name")
            #expect(Set(names) == ["a", "b c", "ü", "good"])
            let none = try await user.upload("--files-from", user.path("none"))
            #expect(none.code == 8 && none.all("error").first?.text("code") == "file_unreadable", "\(none)")
        }
    }

    @Test("listed paths keep their folders with --keep-tree, whether line breaks or null characters separate them")
    func listedTree() async throws {
        try await withPontoon { server, user in
            for name in ["a", "sub/deep/b", "sub/b c", "u\u{2028}v"] {
                try user.makeFile("data/\(name)", size: 10)
            }
            var shell = user
            func upload(_ find: String, _ flags: String = "") async throws -> [String] {
                // Runs the client in a shell, because it must start in the folder that contains `data`.
                let place = "upload --json --project admin/uploads --overwrite --no-resume --keep-tree"
                shell.wrapper = ["/bin/sh", "-c", "cd \(user.folder) && \(find) | $0 \(place) \(flags) --files-from -"]
                let run = try await shell.run([])
                #expect(run.code == 0, "\(run)")
                return run.events.filter { ["uploaded", "already_there"].contains($0.kind) }
                    .compactMap { $0.text("name") }.sorted()
            }
            let all = ["data/a", "data/sub/b c", "data/sub/deep/b", "data/u\u{2028}v"]
            #expect(try await upload("find data -type f") == all)
            #expect(try await upload("find ./data -type f | sed 's/$/\\r/'") == all)
            #expect(try await upload("find data -type f -print0") == all)
            #expect(try await upload("find data -type f -print0", "-0") == all)
            #expect(try await upload("printf data/a", "--from0") == ["data/a"])
            #expect(try await upload("echo data/./sub/deep") == ["sub/deep/b"])
            let listed = try await user.run(["ls", "--json", "--recursive", "admin/uploads"])
            #expect(listed.all("file").filter { $0.text("type") == "file" }.count == 5, "\(listed)")

            // The server refuses this name. Because it contains a line break, the list of failed files uses null
            // characters.
            try user.makeFile("data/line\nbreak", size: 10)
            let (list, broken) = (user.path("failed"), user.path("data/line\nbreak"))
            for source in [[broken], ["--files-from", list]] {
                let run = try await user.run(
                    ["upload", "--json", "--project", "admin/uploads", "--failed-to", list] + source
                )
                #expect(run.code == 8 && run.all("failed").first?.text("path") == broken, "\(run)")
            }
        }
    }

    @Test("patterns follow the rules of .gitignore, and a pattern that matches nothing causes a warning")
    func patterns() async throws {
        try await withPontoon { _, user in
            for name in ["a.bam", "a.bam.bai", "logs/x", "sub/logs/y", "sub/c.bam"] {
                try user.makeFile("data/\(name)", size: 10)
            }
            func plan(_ flags: [String]) async throws -> PontoonRun {
                try await user.run(
                    [
                        "upload", "--json", "--dry-run", "--project", "admin/uploads", "--keep-tree",
                        user.path("data") + "/",
                    ]
                        + flags
                )
            }
            let rows: [(flags: [String], names: [String])] = [
                (["--exclude", "logs/"], ["a.bam", "a.bam.bai", "sub/c.bam"]),
                (["--exclude", "/logs"], ["a.bam", "a.bam.bai", "sub/c.bam", "sub/logs/y"]),
                (["--include", "*.{bam,bai}", "--exclude", "./sub/*.bam"], ["a.bam", "a.bam.bai"]),
                (["--include", "**/logs/**"], ["logs/x", "sub/logs/y"]),
            ]
            for (flags, names) in rows {
                let run = try await plan(flags)
                #expect(run.code == 0 && run.all("warning").isEmpty, "\(run)")
                #expect(run.all("plan").compactMap { $0.text("name") } == names, "\(flags): \(run)")
            }
            let useless = try await plan(["--exclude", "*.cram"])
            #expect(useless.code == 0, "\(useless)")
            #expect(useless.all("warning").first?.text("message")?.contains("'*.cram'") == true, "\(useless)")
            let impossible = try await plan(["--exclude", "../logs"])
            #expect(impossible.code == 64 && impossible.all("plan").isEmpty, "\(impossible)")
        }
    }

    @Test("patterns select files, --parent selects a folder, --name renames a single file")
    func places() async throws {
        try await withPontoon { server, user in
            for name in ["a.bam", "b.bam", "c.txt"] { try user.makeFile("data/\(name)", size: 10) }
            #expect(try await user.upload("--keep-tree", user.path("data")).code == 0)
            let folder = try await server.api.fileID("data")
            try user.makeFile("more/d.bam", size: 10)
            let pattern = try await user.run(["upload", "--json", "--parent", folder, user.path("*/?.bam")])
            // Two of the three matching files already exist on the server.
            #expect(pattern.code == 0 && pattern.all("uploaded").count == 1, "\(pattern)")
            let renamed = ["upload", "--json", "--parent", folder, "--name", "e", user.path("data/c.txt")]
            #expect(try await user.run(renamed).code == 0)
            let names = try await server.api.listed("/files?parent=\(folder)", "name")
            #expect(Set(names) == ["a.bam", "b.bam", "c.txt", "d.bam", "e"])
            let many = try await user.upload("--name", "x", user.path("data"))
            #expect(many.code == 64, "\(many)")
        }
    }

    @Test("names that look alike cause a warning")
    func warnings() async throws {
        try await withPontoon { _, user in
            for name in ["\u{E4}", "a\u{308}"] { try user.makeFile("data/\(name)", size: 10) }
            let place = ["upload", "--project", "admin/uploads", user.path("data")]
            let events = try await user.run(place + ["--json", "--dry-run"])
            let warning = events.all("warning").first?.text("message")
            #expect(warning?.contains("differ only in how letters are composed") == true, "\(events)")
            #expect(events.errors.isEmpty, "\(events)")
            let words = try await user.run(place)
            #expect(words.code == 0 && words.errors.contains("differ only in how letters are composed"), "\(words)")
        }
    }

    @Test("--allow-changing uploads a growing file with its initial size, and a truncated file fails")
    func allowedToChange() async throws {
        try await withPontoon { server, user in
            let size = 30 << 20
            let path = try user.makeFile("log", size: size).string
            let seen = Counter()
            let flags = ["--allow-changing", "--part-size", "5M", "--bwlimit", "20M", "--parallel", "1", path]
            let place = ["upload", "--json", "--project", "admin/uploads"]
            let run = try await user.run(place + flags) { event, _ in
                guard event.kind == "part", seen.next() == 1 else { return }
                let file = try FileHandle(forWritingTo: URL(filePath: path))
                try file.seekToEnd()
                try file.write(contentsOf: Data("more".utf8))
                try file.close()
            }
            #expect(run.code == 0, "\(run)")
            #expect(run.all("uploaded").first?.text("verified_by") == "file")
            #expect(try await server.api.content("log") == testBytes(seed: 7, count: size))
            let again = try await user.upload("--allow-changing", path)
            #expect(again.code == 5, "it is another file now: \(again)")
            // The bytes after the new end of a truncated file cannot be read.
            let shorter = try user.makeFile("shorter", size: size).string
            let cut = try await user.held(at: "PUT /storage/", passes: 1, server) { user, valve in
                try await user.run(place + flags.dropLast() + [shorter]) { event, _ in
                    guard event.kind == "part" else { return }
                    _ = truncate(shorter, 1)
                    valve.release()
                }
            }
            #expect(cut.code == 8 && cut.all("failed").first?.text("code") == "file_changed", "\(cut)")
        }
    }
}
