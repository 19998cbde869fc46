import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon find`, `ls`, `du` and `stat`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ListingTests {
    /// Runs `body` with files in the `run1` and `run2` folders and at the top level.
    ///
    /// `run1/a.bam` has tags and metadata.
    private func withFiles(_ body: @Sendable (ServerProcess, PontoonUser) async throws -> Void) async throws {
        try await withPontoon { server, user in
            for (name, size) in [
                ("run1/a.bam", 2048), ("run1/sub/b.bam", 1024), ("run2/c.txt", 10), ("top [1].txt", 1),
            ] {
                try user.makeFile("data/\(name)", size: size)
            }
            let upload = try await user.upload("--keep-tree", "--no-mtime", user.path("data") + "/")
            #expect(upload.code == 0, "\(upload)")
            let labels = ["admin/uploads/run1/a.bam", "--add", "raw", "--add", "x"]
            for command in [["tag"] + labels, ["meta", "admin/uploads/run1/a.bam", "--set", "sample=S 1"]] {
                let run = try await user.run(["files"] + command)
                #expect(run.code == 0, "\(run)")
            }
            try await body(server, user)
        }
    }

    @Test("find and ls select by pattern, label, kind, size and age")
    func selection() async throws {
        try await withFiles { _, user in
            let rows: [(arguments: String, expected: [String])] = [
                (
                    "find P",
                    [
                        "P/run1", "P/run1/sub", "P/run1/sub/b.bam", "P/run1/a.bam", "P/run2", "P/run2/c.txt",
                        "P/top [1].txt",
                    ]
                ),
                ("find P --name *.bam", ["P/run1/sub/b.bam", "P/run1/a.bam"]),
                ("find P --name run1/*.bam --name *.txt", ["P/run1/a.bam", "P/run2/c.txt", "P/top [1].txt"]),
                ("find P --type folder", ["P/run1", "P/run1/sub", "P/run2"]),
                ("find P/run1 P/run2 --type file", ["P/run1/sub/b.bam", "P/run1/a.bam", "P/run2/c.txt"]),
                ("find P/run{1,2} --type file --max-size 1K", ["P/run1/sub/b.bam", "P/run2/c.txt"]),
                ("find P --min-size 2K", ["P/run1/a.bam"]),
                ("find P --max-age 1h --max-size 10", ["P/run2/c.txt", "P/top [1].txt"]),
                ("find P --min-age 1h", []),
                ("find P --tag raw --tag none", ["P/run1/a.bam"]), ("find P --tag none", []),
                ("ls P/run1 --tag x", ["P/run1/a.bam"]), ("ls P --tag x", []),
                ("ls P/run1 --meta sample=S_1", ["P/run1/a.bam"]), ("ls P/run1 --meta sample=S", []),
                ("ls P/run*", ["P/run1", "P/run2"]), ("ls P/**/*.bam", ["P/run1/sub/b.bam", "P/run1/a.bam"]),
                ("ls P/run?/", ["P/run1", "P/run2"]),
                ("ls P/run1 P/run2", ["P/run1/sub", "P/run1/a.bam", "P/run2/c.txt"]),
                ("ls -d P/run1", ["P/run1"]),
                ("ls -r P/*1", ["P/run1", "P/run1/sub", "P/run1/sub/b.bam", "P/run1/a.bam"]),
            ]
            for (text, expected) in rows {
                let arguments = text.split(separator: " ").map {
                    String($0).replacing(/^P/, with: "admin/uploads").replacing("S_1", with: "S 1")
                }
                let expected = expected.map { $0.replacing(/^P/, with: "admin/uploads") }.sorted()
                let run = try await user.run(arguments + ["--json"])
                #expect(
                    run.code == 0 && run.all("file").compactMap { $0.text("path") }.sorted() == expected,
                    "\(text): \(run)"
                )
                #expect(run.all("finished").first?.number("files") == Int64(expected.count), "\(text): \(run)")
                guard arguments[0] == "find" else { continue }
                let lines = try await user.run(arguments).output.split(separator: "\n").map(String.init).sorted()
                #expect(lines == expected, "\(text)")
            }
        }
    }

    @Test("a file whose name looks like a pattern is found by its name, and patterns that match nothing are errors")
    func literal() async throws {
        try await withFiles { _, user in
            let literal = try await user.run(["ls", "--json", "admin/uploads/top [1].txt"])
            #expect(literal.all("file").map { $0.text("name") } == ["top [1].txt"], "\(literal)")
            for command in ["ls", "find", "du", "stat"] {
                let run = try await user.run([command, "admin/uploads/none*"])
                #expect(run.code == 4 && run.errors.contains("matches 'admin/uploads/none*'"), "\(run)")
                let some = try await user.run([command, "admin/uploads/none", "admin/uploads/run2/c.txt", "--json"])
                #expect(some.code == 4 && some.all("failed").count == 1, "\(some)")
                #expect((some.all("file") + some.all("total")).count == 1, "\(some)")
                let bad = try await user.run([command, "admin/uploads/{a"])
                #expect(bad.code == 64 && bad.errors.contains("a brace is not closed"), "\(bad)")
            }
            // The pattern matches, although no file meets the condition.
            for arguments in [["ls", "P/run*/*.bam"], ["find", "P/run1/*"], ["ls", "P", "--name", "*.bam"]] {
                let run = try await user.run(
                    arguments.map { $0.replacing(/^P/, with: "admin/uploads") } + ["--min-size", "1G"]
                )
                #expect(run.code == 0 && run.output.isEmpty, "\(run)")
            }
            for option in ["--recursive", "--type=file"] {
                let projects = try await user.run(["ls", option])
                #expect(projects.code == 64 && projects.errors.contains("require a path or id"), "\(projects)")
            }
            let impossible = try await user.run(["find", "admin/uploads", "--min-size", "2", "--max-size", "1"])
            #expect(impossible.code == 64, "\(impossible)")
        }
    }

    @Test("du adds up the files of folders and subfolders")
    func sizes() async throws {
        try await withFiles { server, user in
            let rows: [(arguments: [String], expected: [String])] = [
                (["P"], ["1024\t1\tP/run1/sub", "3072\t2\tP/run1", "10\t1\tP/run2", "3083\t4\tP"]),
                (["-d", "1", "P"], ["3072\t2\tP/run1", "10\t1\tP/run2", "3083\t4\tP"]),
                (["-s", "P", "P/run1"], ["3083\t4\tP", "3072\t2\tP/run1"]),
                (["-s", "P/run*"], ["3072\t2\tP/run1", "10\t1\tP/run2"]),
                (["-s", "P", "--name", "*.bam", "--tag", "raw"], ["2048\t1\tP"]),
                (["P/run2/c.txt"], ["10\t1\tP/run2/c.txt"]),
            ]
            for (arguments, expected) in rows {
                let run = try await user.run(
                    ["du", "--format", "tsv"] + arguments.map { $0.replacing(/^P/, with: "admin/uploads") }
                )
                let lines = expected.map { $0.replacing("\tP", with: "\tadmin/uploads") }
                #expect(run.code == 0 && run.output == lines.joined(separator: "\n"), "\(arguments): \(run)")
            }
            // A place that cannot be listed does not affect the totals of the places after it.
            for (options, expected) in [(["-s"], "3083\t4\tadmin/uploads"), (["-d", "0"], "3083\t4\tadmin/uploads")] {
                let places = ["nobody/nothing", "admin/uploads", "admin/uploads/run2/c.txt"]
                let run = try await user.run(["du", "--format", "tsv"] + options + places)
                #expect(run.code == 4, "\(run)")
                #expect(run.output == expected + "\n10\t1\tadmin/uploads/run2/c.txt", "\(run)")
            }
            let id = try await server.api.fileID("run1")
            let byID = try await user.run(["du", "-s", id])
            #expect(byID.output == "   3.00 KiB  2 files  run1", "\(byID)")
        }
    }

    @Test("stat shows every property of a file")
    func stat() async throws {
        try await withFiles { _, user in
            let path = "admin/uploads/run1/a.bam"
            let json = try await user.run(["stat", path, "--format", "json"])
            let file = try #require(json.all("file").first, "\(json)")
            #expect(file.fields["tags"] == ["raw", "x"] && file.fields["metadata"] == ["sample": "S 1"])
            #expect(file.number("size") == 2048 && file.text("project") == "admin/uploads" && file.text("path") == path)
            let checksum = try #require(file.text("crc64nvme"))
            let text = try await user.run(["stat", "admin/uploads/run1/*", path])
            #expect(text.output.split(separator: "\n").filter { $0 == "Path:        \(path)" }.count == 2, "\(text)")
            for line in [
                "Size:        2048 (2.00 KiB)", "CRC-64/NVME: \(checksum)", "Tags:        raw, x",
                "Metadata:    sample=S 1",
            ] {
                #expect(text.output.contains("\n\(line)\n"), "\(line): \(text)")
            }
            #expect(text.output.contains("Type:        folder\n"))
            let columns = try await user.run(["stat", path, "--format", "tsv"]).output.components(separatedBy: "\t")
            #expect(columns.count == 11 && columns[8...] == ["raw|x", "sample=S 1", path], "\(columns)")
            let project = try await user.run(["stat", "admin/uploads"])
            #expect(project.code == 64 && project.errors.contains("pontoon projects admin/uploads"), "\(project)")
        }
    }

    @Test("tabs in names do not add columns, and conflicting formats are refused")
    func formats() async throws {
        try await withFiles { _, user in
            let run = try await user.run(["ls", "admin/uploads/run1/a.bam", "--format", "tsv"])
            let columns = run.output.components(separatedBy: "\t")
            #expect(columns.count == 5 && columns[1...2] == ["file", "2048"] && columns[4] == "a.bam", "\(run)")
            let both = try await user.run(["ls", "--json", "--format", "tsv"])
            #expect(both.code == 64 && both.all("error").count == 1, "\(both)")
            let typo = try await user.run(["ls", "--format", "json", "--tg"])
            #expect(typo.code == 64 && typo.all("error").count == 1, "\(typo)")
        }
    }
}
