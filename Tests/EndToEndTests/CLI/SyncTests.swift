import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon sync` in both directions.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct SyncTests {
    private let place = "admin/uploads/mirror"

    /// Runs `sync` from the folder `in` to the server.
    private func push(_ user: PontoonUser, _ flags: String...) async throws -> PontoonRun {
        try await user.run(["sync", "--json", user.path("in"), place] + flags)
    }

    /// Runs `sync` from the server to the folder `out`.
    private func pull(_ user: PontoonUser, _ flags: String...) async throws -> PontoonRun {
        try await user.run(["sync", "--json", place, user.path("out")] + flags)
    }

    private func names(_ events: [PontoonEvent]) -> [String] { events.compactMap { $0.text("name") }.sorted() }

    /// Returns the paths of the files on the server, below the mirrored folder.
    private func remoteFiles(_ user: PontoonUser) async throws -> [String] {
        let run = try await user.run(["ls", "--json", "--recursive", place])
        return names(run.all("file").filter { $0.text("type") == "file" })
    }

    /// Returns the paths of the files below a local folder.
    private func localFiles(_ user: PontoonUser, _ folder: String) throws -> [String] {
        let found = try #require(FileManager.default.enumerator(atPath: user.path(folder))).compactMap { $0 as? String }
        return found.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: user.path("\(folder)/\(name)"), isDirectory: &isFolder)
                && !isFolder.boolValue
        }
        .sorted()
    }

    @Test("sync to the server uploads new files, replaces different ones, skips equal ones, and deletes on request")
    func upload() async throws {
        try await withPontoon { server, user in
            let all = ["a", "deep/c", "deep/er/b", "empty", "ä"]
            for name in all { try user.makeFile("in/\(name)", size: name == "empty" ? 0 : 1000) }
            let first = try await push(user)
            #expect(first.code == 0 && names(first.all("uploaded")) == all, "\(first)")
            #expect(try await remoteFiles(user) == all)

            // Without the log of uploaded files, contents are compared by checksum.
            try FileManager.default.removeItem(atPath: user.path("state"))
            try FileManager.default.removeItem(atPath: user.path("in/deep/er"))
            try user.makeFile("in/a", size: 1000, seed: 8)
            try user.makeFile("in/new", size: 5)
            let dry = try await push(user, "--delete", "--dry-run")
            #expect(dry.code == 0, "\(dry)")
            let actions = Dictionary(
                uniqueKeysWithValues: dry.all("plan").map { ($0.text("name") ?? "", $0.text("action") ?? "") }
            )
            let expected = [
                "a": "replace", "deep/c": "already_there", "empty": "already_there", "new": "upload",
                "ä": "already_there",
            ]
            #expect(actions == expected, "\(dry)")
            #expect(names(dry.all("would_delete")) == ["deep/er/b"], "\(dry)")
            #expect(try await remoteFiles(user) == all)

            let second = try await push(user)
            #expect(second.code == 0 && names(second.all("uploaded")) == ["a", "new"], "\(second)")
            #expect(second.all("already_there").count == 3 && second.all("deleted").isEmpty, "\(second)")
            let third = try await push(user, "--delete")
            #expect(third.code == 0 && names(third.all("deleted")) == ["deep/er/b"], "\(third)")
            #expect(third.all("finished").first?.number("deleted") == 1)
            #expect(try await remoteFiles(user) == ["a", "deep/c", "empty", "new", "ä"])
            // The folder that has become empty is deleted too.
            let deep = try await user.run(["ls", "--json", place + "/deep"])
            #expect(names(deep.all("file")) == ["c"], "\(deep)")
            let compared = try await user.run(["compare", user.path("in"), place])
            #expect(compared.code == 0, "\(compared)")
        }
    }

    @Test("sync from the server downloads new files, replaces different ones, and deletes on request")
    func download() async throws {
        try await withPontoon { server, user in
            let all = ["a", "deep/er/b", "empty"]
            for name in all { try user.makeFile("in/\(name)", size: name == "empty" ? 0 : 1000) }
            #expect(try await push(user).code == 0)
            let first = try await pull(user)
            #expect(first.code == 0 && names(first.all("downloaded")) == all, "\(first)")
            try user.makeFile("out/a", size: 1000, seed: 8)
            try user.makeFile("out/old/er/x", size: 1)
            try user.makeFile("out/.pontoon-0123456789.part", size: 1)
            let dry = try await pull(user, "--delete", "--dry-run")
            #expect(dry.code == 0 && names(dry.all("would_delete")) == ["old/er/x"], "\(dry)")
            let actions = dry.all("plan").compactMap { $0.text("action") }.sorted()
            #expect(actions == ["already_there", "already_there", "replace"], "\(dry)")
            #expect(try user.bytes("out/a") != user.bytes("in/a"))

            let second = try await pull(user, "--delete")
            #expect(second.code == 0 && names(second.all("downloaded")) == ["a"], "\(second)")
            #expect(names(second.all("deleted")) == ["old/er/x"], "\(second)")
            #expect(try user.names("out") == [".pontoon-0123456789.part", "a", "deep", "empty"])
            for name in all {
                #expect(try user.bytes("out/\(name)") == user.bytes("in/\(name)"), "\(name)")
                let times = try ["in", "out"].map { folder in
                    try FileManager.default.attributesOfItem(atPath: user.path("\(folder)/\(name)"))[.modificationDate]
                        as? Date
                }
                #expect(times[0] == times[1], "\(name)")
            }
        }
    }

    @Test("nothing is deleted if a file failed or the source is missing")
    func failures() async throws {
        try await withPontoon { server, user in
            for name in ["a", "b", "sub/c"] { try user.makeFile("in/\(name)", size: 10) }
            #expect(try await push(user).code == 0)
            #expect(try await pull(user).code == 0)
            // When syncing to the server, a broken link cannot be read.
            try FileManager.default.removeItem(atPath: user.path("in/a"))
            try FileManager.default.createSymbolicLink(atPath: user.path("in/link"), withDestinationPath: "none")
            for flags in [["--delete"], ["--delete", "--dry-run"]] {
                let run = try await user.run(["sync", "--json", user.path("in"), place] + flags)
                #expect(run.code == 8, "\(run)")
                #expect(run.all("deleted").isEmpty && run.all("would_delete").isEmpty, "\(run)")
                #expect(run.all("warning").contains { $0.text("message")?.contains("Nothing was deleted") == true })
            }
            #expect(try await remoteFiles(user) == ["a", "b", "sub/c"])
            try FileManager.default.removeItem(atPath: user.path("in/link"))

            // When syncing from the server, a folder already has the path of a file.
            try user.makeFile("out/old", size: 1)
            try FileManager.default.removeItem(atPath: user.path("out/b"))
            try FileManager.default.createDirectory(atPath: user.path("out/b"), withIntermediateDirectories: false)
            let down = try await pull(user, "--delete")
            #expect(down.code == 8 && down.all("deleted").isEmpty, "\(down)")
            #expect(try user.names("out").contains("old"))

            // A missing source is never treated as an empty folder.
            for (source, destination) in [(user.path("none"), place), ("admin/uploads/none", user.path("out"))] {
                let run = try await user.run(["sync", "--json", "--delete", source, destination])
                #expect(run.code == 4, "\(run)")
            }
            #expect(try await remoteFiles(user) == ["a", "b", "sub/c"])
            #expect(try user.names("out").contains("old"))
        }
    }

    @Test("files on the server below a skipped link or an excluded folder are not deleted")
    func protected() async throws {
        try await withPontoon { server, user in
            for name in ["a", "linked/b", "logs/c", "logs/d.txt"] { try user.makeFile("in/\(name)", size: 10) }
            #expect(try await push(user).code == 0)
            try FileManager.default.moveItem(atPath: user.path("in/linked"), toPath: user.path("elsewhere"))
            try FileManager.default.createSymbolicLink(
                atPath: user.path("in/linked"),
                withDestinationPath: user.path("elsewhere")
            )
            try FileManager.default.removeItem(atPath: user.path("in/logs"))
            let run = try await push(user, "--delete", "--exclude", "logs/")
            #expect(run.code == 0 && run.all("deleted").isEmpty, "\(run)")
            #expect(run.all("warning").count == 1, "\(run)")
            let texts = try await push(user, "--delete", "--include", "*.txt")
            #expect(texts.code == 0 && names(texts.all("deleted")) == ["logs/d.txt"], "\(texts)")
            #expect(try await remoteFiles(user) == ["a", "linked/b", "logs/c"])
        }
    }

    @Test("--max-delete limits the number of deleted files and reports the others")
    func maximum() async throws {
        try await withPontoon { server, user in
            for name in ["a", "b", "c", "kept"] { try user.makeFile("in/\(name)", size: 10) }
            #expect(try await push(user).code == 0)
            for name in ["a", "b", "c"] { try FileManager.default.removeItem(atPath: user.path("in/\(name)")) }
            let none = try await push(user, "--delete", "--max-delete", "0")
            #expect(none.code == 1 && none.all("deleted").isEmpty, "\(none)")
            let some = try await push(user, "--delete", "--max-delete", "2")
            #expect(some.code == 1 && names(some.all("deleted")) == ["a", "b"], "\(some)")
            #expect(some.all("warning").contains { $0.text("message")?.contains("1 more file") == true }, "\(some)")
            let last = try await push(user, "--delete", "--max-delete", "2")
            #expect(last.code == 0 && names(last.all("deleted")) == ["c"], "\(last)")
            #expect(try await remoteFiles(user) == ["kept"])
        }
    }

    @Test("--size-only compares only sizes, in both directions")
    func sizeOnly() async throws {
        try await withPontoon { server, user in
            for name in ["same", "longer"] { try user.makeFile("in/\(name)", size: 100) }
            #expect(try await push(user).code == 0)
            #expect(try await pull(user).code == 0)
            try user.makeFile("in/same", size: 100, seed: 8)
            try user.makeFile("in/longer", size: 101, seed: 8)
            let up = try await push(user, "--size-only")
            #expect(up.code == 0 && names(up.all("uploaded")) == ["longer"], "\(up)")
            #expect(up.all("finished").first?.number("unchanged") == 1, "\(up)")
            try user.makeFile("out/same", size: 100, seed: 9)
            let down = try await pull(user, "--size-only")
            #expect(down.code == 0 && names(down.all("downloaded")) == ["longer"], "\(down)")
            #expect(down.all("finished").first?.number("unchanged") == 1, "\(down)")
            #expect(try user.bytes("out/same") != user.bytes("in/same"))
        }
    }

    @Test("--files-from limits a synchronization to the listed paths, and accepts a list written by --failed-to")
    func lists() async throws {
        try await withPontoon { server, user in
            for name in ["a", "sub/b", "sub/c", "d"] { try user.makeFile("in/\(name)", size: 10) }
            let list = user.path("list")
            try Data("sub\nd\n../none\n".utf8).write(to: URL(filePath: list))
            let failed = user.path("failed")
            let up = try await push(user, "--files-from", list, "--failed-to", failed)
            #expect(up.code == 4 && names(up.all("uploaded")) == ["d", "sub/b", "sub/c"], "\(up)")
            #expect(try String(contentsOfFile: failed, encoding: .utf8) == "none\n")
            try user.makeFile("in/none", size: 10)
            let again = try await push(user, "--files-from", failed)
            #expect(again.code == 0 && names(again.all("uploaded")) == ["none"], "\(again)")

            try Data("sub/b\nmissing\n".utf8).write(to: URL(filePath: list))
            let down = try await pull(user, "--files-from", list, "--failed-to", failed)
            #expect(down.code == 4 && names(down.all("downloaded")) == ["sub/b"], "\(down)")
            #expect(try String(contentsOfFile: failed, encoding: .utf8) == "missing\n")
            #expect(try localFiles(user, "out") == ["sub/b"])
        }
    }

    @Test("the direction follows from the paths or an option, and ambiguous paths are refused")
    func direction() async throws {
        try await withPontoon { server, user in
            try user.makeFile("in/a", size: 10)
            var here = user.inShell("cd '\(user.folder)' && \"$@\"")
            here.endpoint = user.endpoint
            let rows: [(arguments: [String], code: Int, word: String)] = [
                (["./in", place], 0, "1 of 1 file uploaded"), (["in", place], 0, "1 of 1 file uploaded"),
                ([place, "new"], 0, "1 of 1 file downloaded"), ([place, "./new"], 0, "1 of 1 file downloaded"),
                ([place, "not/yet"], 64, "--download"), ([place, "not/yet", "--download"], 0, "downloaded"),
                (["in", "./new"], 64, "--upload"), (["--upload", "in", place, "--download"], 64, "--upload"),
                (["in", place, "--overwrite"], 64, "--overwrite"),
                (["in", place, "--max-delete", "3"], 64, "--delete"),
                (["in/a", place], 64, "file"), ([place + "/a", "./new"], 64, "file"),
                (["in", place, "--delete", "--files-from", "/dev/null"], 64, "--files-from"),
            ]
            for (arguments, code, word) in rows {
                let run = try await here.run(["sync"] + arguments)
                #expect(run.code == code && run.errors.contains(word), "\(arguments): \(run)")
            }
            #expect(try user.bytes("not/yet/a") == user.bytes("in/a"))
        }
    }

    @Test("without write permission at the destination, sync exits with 3 and changes nothing")
    func refused() async throws {
        try await withPontoon { server, user in
            try user.makeFile("in/a", size: 10)
            #expect(try await push(user).code == 0)
            _ = try await server.addUser("reader")
            try await server.addMember("reader", of: "admin/uploads", rights: ["read", "copy"])
            var reader = user
            reader.token = try await server.administer("token", "create", "reader")
            try FileManager.default.moveItem(atPath: user.path("in/a"), toPath: user.path("in/b"))
            let run = try await push(reader, "--delete")
            #expect(run.code == 3 && run.all("deleted").isEmpty, "\(run)")
            #expect(try await remoteFiles(user) == ["a"])
        }
    }
}
