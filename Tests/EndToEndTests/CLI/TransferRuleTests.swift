import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonClient
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Rules of uploads and downloads: the order of files, their age and times, empty folders, and name conflicts.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct TransferRuleTests {
    /// Sets a file's modification time to `seconds` and `nanoseconds` after 1970 (UTC).
    private func setTime(_ path: String, seconds: Int, nanoseconds: Int) throws {
        let times = [timespec(tv_sec: 0, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: nanoseconds)]
        try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
    }

    private func time(_ path: String) throws -> [Int] {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }

    private func metadata(_ server: ServerProcess, _ name: String) async throws -> JSONValue? {
        try await server.api.call(.GET, "/files/\(try await server.api.fileID(name))")["metadata"]
    }

    @Test("files of --last are sent after all others, and not at all if another file fails")
    func last() async throws {
        try await withPontoon { server, user in
            for name in ["a/first", "a/done.md5", "b/z"] { try user.makeFile("data/\(name)", size: 10) }
            try user.makeFile("data/b/c\u{7}", size: 10)
            let arguments = ["--keep-tree", "--last", "*.md5", user.path("data") + "/"]
            for preview in [true, false] {
                let run = try await user.run(
                    ["upload", "--json", "--to", "admin/uploads"] + arguments + (preview ? ["--dry-run"] : [])
                )
                #expect(run.code == 8, "the file that fails determines the exit code: \(run)")
                let held = (run.all("failed") + run.all("plan")).filter { $0.text("code") == "held_back" }
                #expect(held.map { $0.text("name") } == ["a/done.md5"], "\(run)")
            }
            try FileManager.default.removeItem(atPath: user.path("data/b/c\u{7}"))
            let run = try await user.run(["upload", "--json", "--to", "admin/uploads"] + arguments)
            #expect(run.code == 0, "\(run)")
            #expect(run.all("finished").first?.number("files") == 3)
            #expect(run.all("uploaded").map { $0.text("name") } == ["a/done.md5"], "\(run)")
            let fresh = try await user.run(["upload", "--json", "--to", "admin/uploads/fresh"] + arguments)
            #expect(fresh.all("uploaded").last?.text("name") == "a/done.md5", "\(fresh)")
            #expect(fresh.all("uploaded").count == 3, "\(fresh)")
        }
    }

    @Test("--min-age leaves out files that were modified recently, and then also the files of --last")
    func minimumAge() async throws {
        try await withPontoon { server, user in
            for name in ["old", "new", "done"] { try user.makeFile("data/\(name)", size: 10) }
            let now = Int(Date.now.timeIntervalSince1970)
            for name in ["old", "done"] { try setTime(user.path("data/\(name)"), seconds: now - 7200, nanoseconds: 0) }
            let options = ["--min-age", "1h", "--last", "done"]
            let run = try await user.upload(options[0], options[1], options[2], options[3], user.path("data"))
            #expect(run.code == 0 && run.all("uploaded").map { $0.text("name") } == ["old"], "\(run)")
            #expect(run.all("warning").first?.text("message")?.hasPrefix("2 files omitted") == true, "\(run)")
            let failed = user.path("failed.txt")
            try Data("old\n".utf8).write(to: URL(filePath: failed))
            for age in ["infd", "1e300d", "-1s"] {
                let run = try await user.upload("--min-age", age, user.path("data/new"))
                #expect(run.code == 64, "\(run)")
            }
            let nothing = try await user.upload("--min-age", "1h", "--failed-to", failed, user.path("data/new"))
            #expect(try Data(contentsOf: URL(filePath: failed)).isEmpty)
            #expect(nothing.code == 0 && nothing.all("finished").first?.number("files") == 0, "\(nothing)")
            try setTime(user.path("data/new"), seconds: now - 3601, nanoseconds: 0)
            let all = try await user.upload(options[0], options[1], options[2], options[3], user.path("data"))
            #expect(all.code == 0 && all.all("uploaded").map { $0.text("name") } == ["new", "done"], "\(all)")
        }
    }

    @Test("modification times are stored in the metadata, and restored by a download")
    func times() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10).string
            try setTime(path, seconds: 1_000_000_000, nanoseconds: 12_345_678)
            let expected: JSONValue = ["pontoon_mtime": "2001-09-09T01:46:40.012345678Z"]
            #expect(try await user.upload(path).code == 0)
            #expect(try await metadata(server, "f") == expected)
            let (first, second) = (user.path("first"), user.path("second"))
            #expect(try await user.run(["download", "admin/uploads/f", "-o", first]).code == 0)
            #expect(try time(first) == [1_000_000_000, 12_345_678])
            let plain = try await user.run(["download", "--no-mtime", "admin/uploads/", "-o", second])
            #expect(plain.code == 0, "\(plain)")
            #expect(try time(second + "/f")[0] > 1_700_000_000)
            // A file whose modification time alone changed is not sent again, but its time is updated on the server.
            try setTime(path, seconds: 1_000_000_001, nanoseconds: 0)
            let touched = try await user.upload(path)
            #expect(touched.code == 0 && touched.all("already_there").count == 1, "\(touched)")
            #expect(try await metadata(server, "f") == ["pontoon_mtime": "2001-09-09T01:46:41.000000000Z"])
            // Without the `upload_labels` extension, the client makes no extra call that would only set the time.
            try await FaultInjectionProxy.with(
                server,
                fault: { _ in .replaceWord("\"upload_labels\"", with: "\"upload_labelz\"") }
            ) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                let plain = try await user.upload("--name", "g", path)
                let labelled = try await user.upload("--name", "h", "--meta", "k=v", path)
                #expect(plain.code == 0 && labelled.code == 0, "\(plain)\n\(labelled)")
            }
            #expect(try await metadata(server, "g") == [:])
            #expect(try await metadata(server, "h") == ["k": "v", "pontoon_mtime": "2001-09-09T01:46:41.000000000Z"])
            #expect(try await user.upload("--no-mtime", "--name", "i", path).code == 0)
            #expect(try await metadata(server, "i") == [:])
        }
    }

    @Test("an invalid modification time in the metadata is ignored")
    func invalidTime() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10).string
            for (number, time) in ["yesterday", "2001-09-09T01:46:40.Z", "9999-12-31T23:59:59Z"].enumerated() {
                let run = try await user.upload("--name", "f\(number)", "--meta", "pontoon_mtime=\(time)", path)
                #expect(run.code == 0, "\(run)")
                let target = user.path("t\(number)")
                #expect(try await user.run(["download", "admin/uploads/f\(number)", "-o", target]).code == 0)
                #expect(abs(try self.time(target)[0] - Int(Date.now.timeIntervalSince1970)) < 600)
            }
        }
    }

    @Test("--keep-tree creates empty folders at the destination")
    func emptyFolders() async throws {
        try await withPontoon { server, user in
            try user.makeFile("data/full/f", size: 10)
            for folder in ["empty/inner", "left/out"] {
                try FileManager.default.createDirectory(
                    atPath: user.path("data/\(folder)"),
                    withIntermediateDirectories: true
                )
            }
            let arguments = ["--keep-tree", "--exclude", "left", user.path("data") + "/"]
            let dry = try await user.run(["upload", "--json", "--dry-run", "--to", "admin/uploads"] + arguments)
            #expect(dry.all("plan").map { $0.text("name") } == ["empty/inner", "full/f"], "\(dry)")
            let run = try await user.run(["upload", "--to", "admin/uploads"] + arguments)
            #expect(run.code == 0 && run.errors.contains("empty/inner/: empty folder\n"), "\(run)")
            #expect(try await server.api.listed("/files?project=admin/uploads", "name") == ["empty", "full"])
            let folder = try await server.api.fileID("empty")
            #expect(try await server.api.listed("/files?parent=\(folder)", "name") == ["inner"])
            let flat = try await user.run(["upload", "--to", "admin/uploads/flat", user.path("data")])
            #expect(flat.code == 0 && !flat.errors.contains("empty folder"), "\(flat)")
        }
    }

    @Test("--on-conflict selects what happens if a different file has the name")
    func conflicts() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.upload("f", ByteBuffer(string: "other"))
            let path = try user.makeFile("f", size: 10).string
            func run(_ rule: String, _ more: String...) async throws -> PontoonRun {
                try await user.run(["upload", "--json", "--to", "admin/uploads", "--on-conflict", rule, path] + more)
            }
            #expect(try await run("fail").code == 5)
            let skipped = try await run("skip")
            #expect(skipped.code == 0 && skipped.all("skipped").count == 1, "\(skipped)")

            let planned = try await run("rename", "--dry-run")
            #expect(planned.all("plan").first?.text("action") == "rename", "\(planned)")
            let receipt = user.path("receipt")
            let renamed = try await run("rename", "--receipt", receipt)
            #expect(renamed.code == 0 && renamed.all("uploaded").first?.text("name") == "_1_f", "\(renamed)")
            #expect(try Receipt(FilePath(receipt)).files.map(\.name) == ["_1_f"])
            #expect(try await server.api.content("_1_f") == testBytes(seed: 7, count: 10))
            #expect(try await server.api.content("f") == ByteBuffer(string: "other"))
            // The renamed copy is recognized, and another version gets the next free name.
            let again = try await run("rename")
            #expect(again.code == 0 && again.all("already_there").count == 1, "\(again)")
            try user.makeFile("f", size: 11)
            let second = try await user.run(["upload", "--to", "admin/uploads", "--on-conflict", "rename", path])
            #expect(second.code == 0 && second.errors.contains("f: 11 B uploaded as _2_f, "), "\(second)")

            let replaced = try await run("overwrite")
            #expect(replaced.code == 0, "\(replaced)")
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: 11))
            #expect(try await run("skip", "--overwrite").code == 64)
            #expect(try await run("maybe").code == 64)
        }
    }
}
