import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// The selection of files for `pontoon download`: patterns, lists, dry runs and lists of failed files.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DownloadSelectionTests {
    /// Runs `body` with a project that contains `reads/{a.bam,a.bai,deep/b.bam,logs/x.log}` and `top`.
    private func withFiles(_ body: @Sendable (ServerProcess, PontoonUser) async throws -> Void) async throws {
        try await withPontoon { server, user in
            for name in ["reads/a.bam", "reads/a.bai", "reads/deep/b.bam", "reads/logs/x.log", "top"] {
                try user.makeFile("in/\(name)", size: 100 + name.utf8.count)
            }
            let run = try await user.upload("--keep-tree", user.path("in") + "/")
            #expect(run.code == 0, "\(run)")
            try await body(server, user)
        }
    }

    /// Returns the paths of the files that were downloaded or already there, relative to the `out` folder.
    private func places(_ run: PontoonRun, _ user: PontoonUser) -> [String] {
        let paths = (run.all("downloaded") + run.all("already_there")).compactMap { $0.text("path") }
        return paths.map { $0.replacing(user.path("out") + "/", with: "") }.sorted()
    }

    @Test("patterns apply to files in folders, as in uploads, but not to files that are named explicitly")
    func patterns() async throws {
        try await withFiles { server, user in
            let rows: [(arguments: [String], places: [String])] = [
                (["reads", "--include", "*.bam"], ["reads/a.bam", "reads/deep/b.bam"]),
                (["reads/", "--include", "/*.bam"], ["a.bam"]),
                (["reads", "--exclude", "logs/", "--exclude", "*.bai"], ["reads/a.bam", "reads/deep/b.bam"]),
                (["reads/a.bai", "reads/deep", "--include", "*.log"], ["a.bai"]),
                (["--exclude", "reads"], ["top"]),
            ]
            for (arguments, expected) in rows {
                let run = try await user.download(arguments + ["-o", user.path("out"), "--overwrite"])
                #expect(run.code == 0 && places(run, user) == expected, "\(arguments): \(run)")
            }
            let unmatched = try await user.download(["reads", "--exclude", "none", "-o", user.path("out")])
            #expect(unmatched.all("warning").count == 1, "\(unmatched)")
            let invalid = try await user.download(["reads", "--exclude", "../x", "-o", user.path("out")])
            #expect(invalid.code == 64, "\(invalid)")
        }
    }

    @Test("listed paths keep their folders, with or without --project")
    func lists() async throws {
        try await withFiles { server, user in
            let id = try await server.api.fileID("top")
            let rows: [(project: Bool, list: String, places: [String])] = [
                (true, "reads/a.bam\nreads/deep\n", ["reads/a.bam", "reads/deep/b.bam"]),
                (true, "reads/./deep/b.bam\n\(id)\n", ["deep/b.bam"]),
                (false, "admin/uploads/reads/a.bai\0admin/uploads/top\0", ["reads/a.bai", "top"]),
                (false, "admin/uploads/reads/.\n", ["a.bai", "a.bam", "deep/b.bam", "logs/x.log"]),
                (false, "\(id)\nadmin/uploads/top\n", ["top"]),
            ]
            for (hasProject, list, expected) in rows {
                try Data(list.utf8).write(to: URL(filePath: user.path("list")))
                let project = hasProject ? ["--project", "admin/uploads"] : []
                let run = try await user.run(
                    ["download", "--json", "--files-from", user.path("list"), "-o", user.path("out")] + project
                )
                // With --project, an id in the list is treated as a path.
                #expect(run.code == (list.hasSuffix("\(id)\n") ? 4 : 0), "\(list): \(run)")
                #expect(places(run, user) == expected, "\(list): \(run)")
            }
            try Data().write(to: URL(filePath: user.path("list")))
            let empty = try await user.download(["--files-from", user.path("list"), "-o", user.path("out")])
            #expect(empty.code == 4 && empty.all("downloaded").isEmpty, "\(empty)")
        }
    }

    @Test(
        "--failed-to lists the failed files, and --files-from downloads them to the same paths",
        arguments: [
            ["--project", "admin/uploads", "reads/"], ["--project", "admin/uploads", "reads"],
            ["--project", "admin/uploads", "reads/deep", "top"], ["admin/uploads"], ["admin/uploads/reads/deep/"],
            ["admin/uploads/reads/deep/b.bam"],
        ]
    )
    func failedFiles(sources: [String]) async throws {
        try await withFiles { server, user in
            let project = sources.first == "--project" ? Array(sources[..<2]) : []
            let flags = ["-o", user.path("out") + "/", "--failed-to", user.path("failed")]
            let dry = try await user.run(["download", "--json", "--dry-run", "-o", user.path("out") + "/"] + sources)
            let all = dry.all("plan").compactMap { $0.text("path") }.sorted()
            let target = FilePath(try #require(all.first { $0.hasSuffix("b.bam") }))
            // A file at the target makes the download of one file fail.
            try FileManager.default.createDirectory(
                atPath: target.removingLastComponent().string,
                withIntermediateDirectories: true
            )
            try Data("other".utf8).write(to: URL(filePath: target.string))
            let first = try await user.run(["download", "--json"] + sources + flags)
            #expect(first.code == 5 && first.all("failed").count == 1, "\(first)")
            try FileManager.default.removeItem(atPath: target.string)
            let list = ["--files-from", user.path("failed"), "-o", user.path("out") + "/"]
            let second = try await user.run(["download", "--json"] + project + list)
            #expect(second.code == 0 && second.all("downloaded").count == 1, "\(second)")
            let done = (first.all("downloaded") + second.all("downloaded")).compactMap { $0.text("path") }.sorted()
            #expect(done == all, "\(first)\n\(second)")
        }
    }

    @Test("a dry run prints the decisions of the run, exits with the same code, and writes no files")
    func dryRun() async throws {
        try await withFiles { server, user in
            #expect(try await user.download(["reads", "-o", user.path("out")]).code == 0)
            try Data("other".utf8).write(to: URL(filePath: user.path("out/reads/a.bai")))
            try FileManager.default.removeItem(atPath: user.path("out/reads/deep"))
            let rows: [(flags: [String], code: Int, actions: [String: String])] = [
                ([], 5, ["a.bam": "already_there", "a.bai": "fail", "b.bam": "download", "x.log": "already_there"]),
                (
                    ["--overwrite"], 0,
                    ["a.bam": "already_there", "a.bai": "replace", "b.bam": "download", "x.log": "already_there"]
                ),
                (
                    ["--skip-existing", "--exclude", "*.log"], 0,
                    ["a.bam": "skip", "a.bai": "skip", "b.bam": "download"]
                ),
            ]
            for (flags, code, actions) in rows {
                let run = try await user.download(["reads", "--dry-run", "-o", user.path("out")] + flags)
                let found = run.all("plan").map { event in
                    (FilePath(event.text("path") ?? "").lastComponent?.string ?? "", event.text("action") ?? "")
                }
                #expect(run.code == code, "\(flags): \(run)")
                #expect(Dictionary(uniqueKeysWithValues: found) == actions, "\(flags): \(run)")
            }
            let unwritable = try await user.download(["top", "--dry-run", "-o", user.path("out/reads/a.bai/top")])
            #expect(unwritable.code == 8, "\(unwritable)")
            let text = try await user.run(["download", "admin/uploads/top", "--dry-run", "-o", user.path("out/")])
            #expect(text.output.contains("top → \(user.path("out"))/top: download, 103 B"), "\(text)")
            #expect(!FileManager.default.fileExists(atPath: user.path("out/top")))
        }
    }
}
