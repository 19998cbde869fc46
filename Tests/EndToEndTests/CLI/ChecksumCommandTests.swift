import Crypto
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon checksum`, `pontoon verify` with checksum files and moved files, and `pontoon upload --md5`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ChecksumCommandTests {
    @Test("coreutils can read what checksum writes, and verify can read what coreutils writes")
    func coreutils() async throws {
        try await withPontoon { server, user in
            let names = ["a", "deep/er/b", "empty", "white space", "ä", "back\\slash", "line\nbreak", "-dash"]
            for name in names { try user.makeFile("in/\(name)", size: name == "empty" ? 0 : 1_000_000) }
            let here = user.inShell("cd '\(user.folder)' && \"$@\" >out")
            for format in ["md5sum", "sha256sum"] {
                let run = try await here.run(["checksum", "--format", format, "in"])
                #expect(run.code == 0 && run.errors.isEmpty, "\(run)")
                let list = try String(contentsOfFile: user.path("out"), encoding: .utf8)
                let check = user.inShell("cd '\(user.folder)' && \(format) --check --strict --quiet out; : \"$@\"")
                #expect(try await check.run([]).output.isEmpty)
                for flags in ["", "--tag", "--zero", "--binary"] {
                    let other = user.inShell(
                        "cd '\(user.folder)' && find in -type f -print0 | xargs -0 \(format) \(flags) >sums && \"$@\""
                    )
                    let verified = try await other.run(["verify", "--json", "--format", format, "sums"])
                    #expect(verified.code == 0 && verified.all("good").count == names.count, "\(flags): \(verified)")
                }
                let default256 = try await here.run(["checksum", "in/"])
                #expect(default256.code == 0)
                let second = try String(contentsOfFile: user.path("out"), encoding: .utf8)
                #expect((format == "sha256sum") == (list == second))
            }
            let crc = try await user.run(["checksum", "--json", "--format", "crc64nvme", user.path("in/a")])
            let checksum = try #require(crc.all("checksum").first?.text("crc64nvme"), "\(crc)")
            let upload = try await user.upload(user.path("in/a"))
            #expect(upload.all("uploaded").first?.text("crc64nvme") == checksum, "\(upload)")
        }
    }

    @Test("verify reports different, missing and unreadable files of a checksum file, relative to --root if given")
    func verify() async throws {
        try await withPontoon { server, user in
            for name in ["a", "b", "c"] { try user.makeFile("in/\(name)", size: 1000) }
            let write = user.inShell("cd '\(user.path("in"))' && \"$@\" >'\(user.path("sums"))'")
            #expect(try await write.run(["checksum", "--format", "md5sum", "a", "b", "c"]).code == 0)
            let verify = ["verify", "--format", "md5sum", user.path("sums")]
            #expect(try await user.run(verify).code == 4)
            let good = try await user.run(verify + ["--root", user.path("in")])
            #expect(good.code == 0 && good.output.isEmpty && good.errors.contains("3 of 3 files match"), "\(good)")
            try FileManager.default.removeItem(atPath: user.path("in/b"))
            let missing = try await user.run(verify + ["--root", user.path("in")])
            #expect(missing.code == 4 && missing.output == "b: missing", "\(missing)")
            try damage(FilePath(user.path("in/c")))
            try FileManager.default.createDirectory(atPath: user.path("in/b"), withIntermediateDirectories: false)
            let bad = try await user.run(verify + ["--json", "--root", user.path("in")])
            #expect(bad.code == 1 && bad.all("good").count == 1 && bad.all("bad").count == 2, "\(bad)")
            #expect(bad.all("bad").last?.text("local")?.hasPrefix("different, its MD5 is ") == true, "\(bad)")
            let rows: [(arguments: [String], code: Int, word: String)] = [
                (["verify", "--format", "sha256sum", user.path("sums")], 64, "Line 1"),
                (["verify", "--format", "md5sum", user.path("none")], 8, "none"),
                (verify + ["--server"], 64, "--server"), (["checksum", user.path("none")], 4, "does not exist"),
                (["checksum", "--format", "sha1sum", user.path("sums")], 64, "sha1sum"),
            ]
            for (arguments, code, word) in rows {
                let run = try await user.run(arguments)
                #expect(run.code == code && run.errors.contains(word), "\(arguments): \(run)")
            }
        }
    }

    @Test("with --root and --endpoint, verify accepts a receipt after the files or the server were moved")
    func movedReceipt() async throws {
        try await withPontoon { server, user in
            for name in ["a", "deep/b"] { try user.makeFile("in/\(name)", size: 1000) }
            let receipt = user.path("receipt")
            #expect(try await user.upload("--keep-tree", "--receipt", receipt, user.path("in") + "/").code == 0)
            try FileManager.default.moveItem(atPath: user.path("in"), toPath: user.path("moved"))
            #expect(try await user.run(["verify", receipt]).code == 4)
            let moved = try await user.run(["verify", receipt, "--root", user.path("moved")])
            #expect(moved.code == 0, "\(moved)")
            try await FaultInjectionProxy.with(server, fault: { _ in .none }) { proxy in
                let url = "http://127.0.0.1:\(proxy.port)/v2"
                var other = user
                other.endpoint = url
                let refused = try await other.run(["verify", receipt, "--server"])
                #expect(refused.code == 64 && refused.errors.contains("--endpoint"), "\(refused)")
                let root = ["--root", user.path("moved")]
                let accepted = try await user.run(["verify", "--json", receipt, "--endpoint", url] + root)
                #expect(accepted.code == 0 && accepted.all("good").count == 2, "\(accepted)")
                try damage(FilePath(user.path("moved/deep/b")))
                let bad = try await user.run(["verify", receipt, "--endpoint", url] + root)
                #expect(bad.code == 7, "\(bad)")
            }
        }
    }

    @Test(
        "the MD5 of --md5 is verified by the server, and recorded in the receipt and in the log of uploaded files",
        arguments: [StoreChoice.sqliteAndDisk, .sqliteAndS3]
    )
    func md5(on choice: StoreChoice) async throws {
        try await withPontoon(on: TestStores(choice)) { server, user in
            let sizes = ["a": 0, "b": 1000, "c": (12 << 20) + 5]
            for (name, size) in sizes { try user.makeFile("in/\(name)", size: size) }
            func receipt() throws -> [String: String?] {
                let text = try Data(contentsOf: URL(filePath: user.path("receipt")))
                guard case .object(let fields) = try JSONDecoder().decode(JSONValue.self, from: text),
                    case .array(let files) = fields["files"]
                else { return [:] }
                return Dictionary(
                    uniqueKeysWithValues: files.compactMap { file -> (String, String?)? in
                        guard case .object(let fields) = file, case .string(let name) = fields["name"] else {
                            return nil
                        }
                        guard case .string(let md5) = fields["md5"] else { return (name, nil) }
                        return (name, md5)
                    }
                )
            }
            var expected: [String: String?] = [:]
            for name in sizes.keys {
                let bytes = try Data(contentsOf: URL(filePath: user.path("in/\(name)")))
                expected[name] = Hex.encode(Array(Insecure.MD5.hash(data: bytes)))
            }
            let flags = ["--part-size", "5M", "--receipt", user.path("receipt"), user.path("in") + "/"]
            let place = ["upload", "--json", "--project", "admin/uploads"]
            // The second run computes the MD5 of files that were uploaded without one, but does not send them again.
            let plain = try await user.run(place + ["--exclude", "c"] + flags)
            #expect(plain.code == 0, "\(plain)")
            #expect(try receipt() == ["a": nil, "b": nil])
            let run = try await user.run(place + ["--md5"] + flags)
            #expect(run.code == 0 && run.all("uploaded").count == 1, "\(run)")
            #expect(run.all("uploaded").first?.text("md5") == expected["c"], "\(run)")
            #expect(try receipt() == expected)
            let id = try await server.api.fileID("c")
            let details = try await server.api.call(.GET, "/files/\(id)")
            guard case .object(let checksums) = details["checksums"] else {
                Issue.record("no checksums: \(String(buffer: details.body))")
                return
            }
            #expect(checksums["md5"] == expected["c"]?.map { .string($0) }, "\(checksums)")
            try Data().write(to: URL(filePath: user.path("receipt")))
            let again = try await user.run(place + ["--md5"] + flags)
            #expect(again.code == 0 && again.all("already_there").count == 3, "\(again)")
            #expect(try receipt() == expected)
        }
    }

    @Test("an interrupted upload with --md5 is resumed and verified")
    func resumedMD5() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10 * (5 << 20)).string
            try await user.held(at: "PUT ", passes: 1, server) { user, valve in
                let seen = Counter()
                let first = try await user.upload("--md5", "--part-size", "5M", path) { event, pid in
                    if event.kind == "part", seen.next() == 0 { kill(pid, SIGINT) }
                }
                #expect(first.code == 130, "\(first)")
                valve.discard()
                let second = try await user.upload("--md5", "--part-size", "5M", path)
                #expect(second.code == 0 && second.all("uploaded").first?.number("resumed_bytes") ?? 0 > 0, "\(second)")
                let bytes = try Data(contentsOf: URL(filePath: path))
                let md5 = Hex.encode(Array(Insecure.MD5.hash(data: bytes)))
                #expect(second.all("uploaded").first?.text("md5") == md5, "\(second)")
            }
        }
    }
}
