import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon download` without faults.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DownloadTests {
    @Test("files of every length are downloaded and verified, without leftovers")
    func lengths() async throws {
        let range = 64 << 10
        let sizes = [0, 1, range - 1, range, range + 1, 3 * range, 100 * range + 7]
        try await withPontoon { server, user in
            for size in sizes {
                _ = try await server.api.upload("f\(size)", pseudoRandomBytes(seed: UInt64(size), count: size))
            }
            let run = try await user.download(["--range-size", "64K", "-o", user.path("out")])
            #expect(run.code == 0, "\(run)")
            #expect(try user.names("out") == sizes.map { "f\($0)" }.sorted())
            for size in sizes {
                #expect(try user.bytes("out/f\(size)") == pseudoRandomBytes(seed: UInt64(size), count: size))
            }
            let downloaded = run.all("downloaded")
            #expect(downloaded.count == sizes.count)
            #expect(downloaded.allSatisfy { $0.text("verified_by") == "file" }, "\(run)")
            #expect(run.ranges.count == sizes.reduce(0) { $0 + ($1 + range - 1) / range })
            #expect(run.all("finished").first?.number("received_bytes") == Int64(sizes.reduce(0, +)))
        }
    }

    @Test("a folder is downloaded recursively, and unchanged files are not downloaded again")
    func folder() async throws {
        try await withPontoon { server, user in
            let names = ["a", "deep/er/b", "white space", "ä/ü", "e\u{301}", "%41?&=#", "-dash", "quote\"'", "日本"]
            for name in names { try user.makeFile("in/\(name)", size: 1000 + name.utf8.count) }
            #expect(try await user.upload("--keep-tree", user.path("in")).code == 0)
            let run = try await user.download(["in", "-o", user.path("out")])
            #expect(run.code == 0, "\(run)")
            for name in names { #expect(try user.bytes("out/in/\(name)") == user.bytes("in/\(name)"), "\(name)") }
            let again = try await user.download(["in/", "-o", user.path("out/in")])
            #expect(again.code == 0, "\(again)")
            #expect(again.all("already_there").count == names.count)
            #expect(again.all("finished").first?.number("received_bytes") == 0)
            let part = try await user.download(["in/deep/er/b", "in/ä/", "-o", user.path("some/where")])
            #expect(part.code == 0, "\(part)")
            #expect(try user.names("some/where") == ["b", "ü"])
        }
    }

    @Test("existing files are kept unless --overwrite is given")
    func taken() async throws {
        try await withPontoon { server, user in
            let id = try await server.api.uploadSmall("f", "remote")
            let out = user.path("f")
            try Data("local".utf8).write(to: URL(filePath: out))
            let refused = try await user.run(["download", "--json", id, "-o", out])
            #expect(refused.code == 5, "\(refused)")
            #expect(refused.all("failed").first?.text("message")?.contains("--overwrite") == true, "\(refused)")
            let skipped = try await user.run(["download", "--json", id, "-o", out, "--skip-existing"])
            #expect(skipped.code == 0 && skipped.all("skipped").count == 1, "\(skipped)")
            #expect(try user.bytes("f") == ByteBuffer(string: "local"))
            let replaced = try await user.run(["download", "--json", id, "-o", out, "--overwrite"])
            #expect(replaced.code == 0 && replaced.all("downloaded").count == 1, "\(replaced)")
            #expect(try user.bytes("f") == ByteBuffer(string: "remote"))
            #expect(try user.names(".").filter { $0.hasPrefix(".pontoon") } == [])
        }
    }

    @Test("files are downloaded by id or path, to the path given with --output")
    func places() async throws {
        try await withPontoon { server, user in
            let id = try await server.api.uploadSmall("f", "abc")
            try FileManager.default.createDirectory(atPath: user.path("there"), withIntermediateDirectories: false)
            let rows: [(arguments: [String], path: String)] = [
                ([id, "-o", user.path("new/name")], "new/name"), ([id, "-o", user.path("there")], "there/f"),
                (["admin/uploads/f", "-o", user.path("slash") + "/"], "slash/f"),
                (["admin/uploads", "-o", user.path("whole")], "whole/f"),
                (["--project", "admin/uploads", "f", "--output", user.path("g")], "g"),
            ]
            for (arguments, path) in rows {
                let run = try await user.run(["download", "--json"] + arguments)
                #expect(run.code == 0, "\(run)")
                #expect(try user.bytes(path) == ByteBuffer(string: "abc"), "\(arguments)")
            }
        }
    }

    @Test("errors contain the file, a code or advice")
    func refusals() async throws {
        try await withPontoon { server, user in
            let id = try await server.api.uploadSmall("f", "abc")
            _ = try await server.addUser("reader")
            try await server.addMember("reader", of: "admin/uploads", rights: ["read"])
            var reader = user
            reader.token = try await server.administer("token", "create", "reader")
            let rows: [(user: PontoonUser, arguments: [String], code: Int, word: String)] = [
                (user, ["admin/uploads/none"], 4, "pontoon ls"), (user, ["admin/none/f"], 4, "projects"),
                (user, ["000000000000000000000000"], 4, "000000000000000000000000"), (user, ["nonsense"], 64, "id"),
                (reader, [id], 3, "copy"), (user, [], 64, "--project"),
                (user, [id, "--overwrite", "--skip-existing"], 64, "--overwrite"),
                (user, [id, "-o", "/proc/none/f"], 8, "/proc/none/f"),
            ]
            for (user, arguments, code, word) in rows {
                let run = try await user.run(["download", "--json"] + arguments)
                #expect(run.code == code, "\(arguments): \(run)")
                #expect((run.output + run.errors).contains(word), "\(arguments): \(run)")
                #expect(!(run.output + run.errors).contains(user.token))
            }
        }
    }

    @Test("a download respects its memory and bandwidth limits, and the token is not a command-line argument")
    func frugal() async throws {
        try await withPontoon { server, user in
            let size = 160 << 20
            try user.makeFile("f", size: size)
            #expect(try await user.upload(user.path("f")).code == 0)
            let seen = Counter()
            let start = ContinuousClock.now
            // The last of ten ranges of 16 MiB is blocked, so the client is still running.
            let run = try await user.held(at: "GET /storage/", passes: 9, server) { user, valve in
                try await user.download(["f", "-o", user.path("g"), "--bwlimit", "80M"]) { event, pid in
                    guard event.kind == "range", seen.next() == 8 else { return }
                    let process = try ProcessFacts(pid)
                    #expect(process.peakMemory < 128 << 20, "\(process.peakMemory)")
                    #expect(!process.arguments.contains(user.token))
                    valve.release()
                }
            }
            #expect(run.code == 0, "\(run)")
            #expect(seen.next() == 10)
            // At this rate, the file takes two seconds, but the bytes of the first second may be sent immediately.
            #expect(ContinuousClock.now - start >= .seconds(1))
            #expect(try user.bytes("g") == user.bytes("f"))
            #expect(!run.output.contains(user.token) && !run.output.contains("signature="))
        }
    }
}
