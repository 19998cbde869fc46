import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon ls`, `projects`, `files`, `uploads`, `verify` and `config`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct CommandTests {
    private static let partSize = 5 << 20

    @Test("ls and projects list by path and by id")
    func listing() async throws {
        try await withPontoon { server, user in
            try user.makeFile("data/a.txt", size: 3)
            try user.makeFile("data/sub/b.txt", size: 2048)
            let upload = try await user.upload("--keep-tree", user.folder.appending("data").string)
            #expect(upload.code == 0, "\(upload)")

            let projects = try await user.run(["projects"])
            #expect(projects.output == "admin/uploads  Uploads", "\(projects)")
            let project = try await user.run(["projects", "admin/uploads"])
            #expect(project.output.hasSuffix("permissions: read, copy, write, execute, admin"), "\(project)")
            let root = try await user.run(["ls", "--json", "admin/uploads"])
            #expect(root.all("file").map { $0.text("name") } == ["data"], "\(root)")
            #expect(root.all("file").first?.text("type") == "folder")
            let all = try await user.run(["ls", "--json", "--recursive", "admin/uploads/data"])
            #expect(Set(all.all("file").compactMap { $0.text("name") }) == ["a.txt", "sub", "sub/b.txt"], "\(all)")
            let id = try #require(all.all("file").first { $0.text("name") == "sub" }?.text("id"))
            let text = try await user.run(["ls", id])
            #expect(text.output.contains("2.00 KiB") && text.output.hasSuffix("b.txt"), "\(text)")
            let missing = try await user.run(["ls", "admin/uploads/data/none/deeper"])
            #expect(missing.code == 4 && missing.errors.contains("'admin/uploads/data/none'"), "\(missing)")
            let nonsense = try await user.run(["ls", "nonsense"])
            #expect(nonsense.code == 64, "\(nonsense)")
        }
    }

    @Test("files are removed, moved, renamed and copied, and their tags and metadata are changed")
    func files() async throws {
        try await withPontoon { server, user in
            try user.makeFile("data/a", size: 3)
            try user.makeFile("data/sub/b", size: 4)
            let upload = try await user.upload("--keep-tree", "--no-mtime", user.folder.appending("data").string)
            #expect(upload.code == 0, "\(upload)")
            func run(_ arguments: String...) async throws {
                let run = try await user.run(["files"] + arguments)
                #expect(run.code == 0, "\(arguments) \(run)")
            }
            func names() async throws -> Set<String> {
                let list = try await user.run(["ls", "--json", "-r", "admin/uploads"])
                return Set(list.all("file").compactMap { $0.text("name") })
            }
            try await run("cp", "admin/uploads/data/a", "admin/uploads/data/sub")
            try await run("cp", "admin/uploads/data/a", "admin/uploads/copy")
            try await run("mv", "admin/uploads/data/a", "admin/uploads/data/renamed")
            try await run("mv", "admin/uploads/data/sub/b", "admin/uploads")
            let moved = try await names()
            #expect(moved == ["data", "data/renamed", "data/sub", "data/sub/a", "copy", "b"])

            try await run("tag", "admin/uploads/b", "admin/uploads/copy", "--add", "x", "--add", "y")
            try await run("tag", "admin/uploads/b", "--remove", "x")
            try await run("meta", "admin/uploads/b", "--set", "k=v=w", "--set", "l=1")
            try await run("meta", "admin/uploads/b", "--unset", "l")
            let b = try await server.api.call(.GET, "/files/\(try await server.api.fileID("b"))")
            #expect(b["tags"] == ["y"])
            #expect(b["metadata"] == ["k": "v=w"])

            let refused = try await user.run(["files", "rm", "admin/uploads/data"])
            #expect(refused.code == 64 && refused.errors.contains("--recursive"), "\(refused)")
            try await run("rm", "--recursive", "admin/uploads/data", "admin/uploads/b")
            let left = try await names()
            #expect(left == ["copy"])
        }
    }

    @Test("unfinished uploads are listed, resumed and aborted")
    func uploads() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 6 * Self.partSize).string
            try await user.held(at: "PUT ", passes: 1, server) { user, valve in
                let seen = Counter()
                let first = try await user.upload("--part-size", "5M", "--tag", "t", path) { event, pid in
                    if event.kind == "part", seen.next() == 0 { kill(pid, SIGKILL) }
                }
                #expect(first.code == nil, "\(first)")
                valve.discard()
                let other = try await server.api.initialize("other", size: 10)

                let list = try await user.run(["uploads", "--json"])
                #expect(list.all("upload").count == 2, "\(list)")
                let own = try #require(list.all("upload").first { $0.text("path") == path })
                #expect(own.number("stored_bytes") ?? 0 >= Self.partSize)

                let known = try #require(own.text("upload_id"))
                let mistyped = try await user.run(["uploads", "resume", "--json", known, "0000"])
                #expect(mistyped.code == 4 && mistyped.all("started").isEmpty, "\(mistyped)")
                let resumed = try await user.run(["uploads", "resume", "--json"])
                #expect(resumed.code == 0 && resumed.all("uploaded").count == 1, "\(resumed)")
                #expect(Set(first.parts).isDisjoint(with: resumed.parts))
                let file = try await server.api.call(.GET, "/files/\(try await server.api.fileID("f"))")
                #expect(file["tags"] == ["t"])

                let nothing = try await user.run(["uploads", "abort", "--older-than", "1h"])
                #expect(nothing.code == 0 && nothing.output.isEmpty, "\(nothing)")
                let dry = try await user.run(["uploads", "abort", "--older-than", "0s", "--dry-run"])
                #expect(dry.output.contains("would abort \(other)"), "\(dry)")
                let unknown = try await user.run(["uploads", "abort", "0000"])
                #expect(unknown.code == 4, "\(unknown)")
                let aborted = try await user.run(["uploads", "abort", String(other.prefix(10))])
                #expect(aborted.code == 0, "\(aborted)")
                let none = try await user.run(["uploads", "ls", "--json"])
                #expect(none.all("upload").isEmpty && none.all("finished").count == 1, "\(none)")
            }
        }
    }

    @Test("a resumed upload uses the conflict rule with which it was started")
    func renamed() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.uploadSmall("f", "other")
            let path = try user.makeFile("f", size: 6 * Self.partSize).string
            let arguments = ["upload", "--json", "--to", "admin/uploads", "--on-conflict", "rename", path]
            let dry = try await user.run(arguments + ["--dry-run"])
            #expect(dry.all("plan").map { $0.text("new_name") } == ["_1_f"], "\(dry)")
            try await user.held(at: "PUT ", passes: 1, server) { user, valve in
                let seen = Counter()
                let killed = try await user.run(arguments + ["--part-size", "5M"]) { event, pid in
                    if event.kind == "part", seen.next() == 0 { kill(pid, SIGKILL) }
                }
                #expect(killed.code == nil, "\(killed)")
                valve.discard()
                let resumed = try await user.run(["uploads", "resume", "--json"])
                #expect(resumed.code == 0, "\(resumed)")
                #expect(resumed.all("uploaded").map { $0.text("name") } == ["_1_f"], "\(resumed)")
                #expect(Set(killed.parts).isDisjoint(with: resumed.parts))
            }
            #expect(try await server.api.content("f") == ByteBuffer(string: "other"))
            #expect(try await server.api.content("_1_f") == testBytes(seed: 7, count: 6 * Self.partSize))
        }
    }

    @Test("aborting an upload removes its journal")
    func forgotten() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 6 * Self.partSize).string
            try await user.held(at: "PUT ", passes: 1, server) { user, valve in
                let seen = Counter()
                let killed = try await user.upload("--part-size", "5M", path) { event, pid in
                    if event.kind == "part", seen.next() == 0 { kill(pid, SIGKILL) }
                }
                #expect(killed.code == nil, "\(killed)")
                valve.discard()
                let aborted = try await user.run(["uploads", "abort", "--older-than", "0s"])
                #expect(aborted.code == 0 && aborted.output.hasPrefix("aborted "), "\(aborted)")
                let resumed = try await user.run(["uploads", "resume", "--json"])
                #expect(resumed.code == 0 && resumed.all("uploaded").isEmpty, "\(resumed)")
            }
        }
    }

    @Test("verify compares local files and files on the server with a receipt")
    func verify() async throws {
        try await withPontoon { server, user in
            for name in ["a", "b", "c", "d"] {
                try user.makeFile("data/\(name)", size: 1000, seed: UInt64(name.utf8.first ?? 0))
            }
            let receipt = user.folder.appending("receipt").string
            let upload = try await user.upload("--receipt", receipt, user.folder.appending("data").string)
            #expect(upload.code == 0, "\(upload)")
            let good = try await user.run(["verify", receipt])
            #expect(good.code == 0 && good.errors.contains("4 of 4 files match the receipt"), "\(good)")

            try user.makeFile("data/a", size: 1000, seed: 99)
            try FileManager.default.removeItem(atPath: user.folder.appending("data/b").string)
            let changed = try await user.run(["verify", "--json", "--local", receipt])
            #expect(changed.code == 1, "different and missing: \(changed)")
            let local = changed.all("bad").compactMap { $0.text("local") }
            #expect(local.count == 2 && local[0].hasPrefix("different") && local[1] == "missing", "\(changed)")
            let server1 = try await user.run(["verify", "--server", receipt])
            #expect(server1.code == 0, "\(server1)")

            let id = try await server.api.fileID("c")
            #expect(try await server.api.call(.DELETE, "/files/\(id)").status == 204)
            let deleted = try await user.run(["verify", "--server", receipt])
            #expect(deleted.code == 4 && deleted.output.contains("on the server: missing"), "\(deleted)")
            let none = try await user.run(["verify", user.folder.appending("data/d").string])
            #expect(none.code == 8, "\(none)")
        }
    }

    @Test("verify accepts the receipt of a download")
    func verifyDownload() async throws {
        try await withPontoon { server, user in
            _ = try await server.api.uploadSmall("f", "abc")
            let receipt = user.path("receipt")
            let run = try await user.download(["-o", user.path("out"), "--receipt", receipt])
            #expect(run.code == 0, "\(run)")
            let good = try await user.run(["verify", receipt])
            #expect(good.code == 0 && good.errors.contains("1 of 1 files match the receipt"), "\(good)")
            try damage(FilePath(user.path("out/f")))
            let bad = try await user.run(["verify", "--local", receipt])
            #expect(bad.code == 7, "\(bad)")
        }
    }

    @Test("config writes a profile readable only by its owner and never shows the token")
    func config() async throws {
        try await withPontoon { server, user in
            var fresh = user
            fresh.environment = ["SB_AUTH_TOKEN": "", "SB_API_ENDPOINT": ""]
            let nobody = try await fresh.run(["projects"])
            #expect(nobody.code == 3 && nobody.errors.contains("pontoon config"), "\(nobody)")
            for name in ["default", "other", "default"] {
                let written = try await fresh.run(
                    ["config", "--profile", name, "--endpoint", server.endpoint],
                    input: server.token + "\n"
                )
                #expect(written.code == 0, "\(written)")
                #expect(!written.output.contains(server.token) && !written.errors.contains(server.token))
            }
            let path = user.folder.appending(".sevenbridges/credentials").string
            let permissions = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(permissions == 0o600)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text.split(separator: "\n").filter { $0.hasPrefix("[") } == ["[default]", "[other]"])
            for arguments in [["projects"], ["projects", "--profile", "other"]] {
                let used = try await fresh.run(arguments)
                #expect(used.output == "admin/uploads  Uploads", "\(used)")
            }
            let platforms = try await fresh.run(["config", "platforms"])
            #expect(platforms.output.contains("cgc  https://cgc-api.sbgenomics.com/v2"), "\(platforms)")
            let shown = try await fresh.run(["config", "show"])
            #expect(shown.output.contains("other  \(server.endpoint)  with token"), "\(shown)")
            #expect(!shown.output.contains(server.token))
            let unknown = try await fresh.run(["projects", "--profile", "nobody"])
            #expect(unknown.code == 3 && unknown.errors.contains("default, other"), "\(unknown)")
        }
    }
}
