import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// The files that `--receipt` and `--failed-to` write, and messages about files.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ResultFileTests {
    private func receiptNames(_ path: String) throws -> [String] {
        let content = try JSONDecoder().decode(JSONValue.self, from: try Data(contentsOf: URL(filePath: path)))
        guard case .object(let fields) = content, case .array(let files) = fields["files"] else { return [] }
        return files.compactMap { file in
            guard case .object(let file) = file, case .string(let name) = file["name"] else { return nil }
            return name
        }
    }

    @Test("a receipt is written through a link, and the list of failed files is written to a named pipe")
    func writtenThrough() async throws {
        try await withPontoon { _, user in
            try user.makeFile("data/good", size: 10)
            try user.makeFile("data/bad\u{7}", size: 10)
            let (link, target) = (user.path("link"), user.path("target"))
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
            var piped = user
            piped.wrapper = [
                "/bin/bash", "-c",
                "mkfifo $HOME/pipe; cat $HOME/pipe >$HOME/got & \"$@\" --failed-to $HOME/pipe; code=$?; wait; exit $code",
                "bash",
            ]
            for _ in 0..<2 {
                let run = try await piped.upload("--receipt", link, user.path("data"))
                #expect(run.code == 8, "\(run)")
                #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == target)
                #expect(try receiptNames(target) == ["good"])
                let failed = try String(contentsOfFile: user.path("got"), encoding: .utf8)
                #expect(failed == user.path("data/bad\u{7}") + "\n")
                let attributes = try FileManager.default.attributesOfItem(atPath: user.path("pipe"))
                #expect(attributes[.type] as? FileAttributeType != .typeRegular)
            }
            let device = try await user.run(
                ["download", "admin/uploads/good", "--receipt", "/dev/stdout", "--output", user.path("back")]
            )
            #expect(device.code == 0 && device.output.contains("\"crc64nvme\""), "\(device)")
        }
    }

    @Test("a result file that cannot be opened stops the run, and a write error does not affect the other file")
    func unwritable() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 10).string
            for option in ["--receipt", "--failed-to"] {
                for file in [user.path("none/r"), user.folder.string] {
                    let run = try await user.upload(option, file, path)
                    #expect(run.code == 8 && run.all("error").first?.text("code") == "file_unwritable", "\(run)")
                    #expect(run.all("error").first?.text("message")?.contains(option) == true, "\(run)")
                    #expect(run.all("began").isEmpty, "\(run)")
                }
            }
            #expect(try await server.api.listed("/files?project=admin/uploads") == [])
            try user.makeFile("bad\u{7}", size: 10)
            let failed = user.path("failed")
            let run = try await user.upload(
                "--receipt",
                "/dev/full",
                "--failed-to",
                failed,
                path,
                user.path("bad\u{7}")
            )
            #expect(run.code == 8 && run.all("error").first?.text("code") == "file_unwritable", "\(run)")
            #expect(try String(contentsOfFile: failed, encoding: .utf8) == user.path("bad\u{7}") + "\n")
        }
    }

    @Test("a run in which every file fails leaves an existing receipt unchanged, and creates none")
    func untouched() async throws {
        try await withPontoon { _, user in
            let path = try user.makeFile("f", size: 10).string
            let (old, new) = (user.path("old"), user.path("new"))
            #expect(try await user.upload("--receipt", old, path).code == 0)
            var offline = user
            offline.endpoint = "http://127.0.0.1:1/v2"
            for receipt in [old, new] {
                let run = try await offline.upload("--retries", "1", "--receipt", receipt, path)
                #expect(run.code == 6, "\(run)")
            }
            #expect(try receiptNames(old) == ["f"])
            #expect(!FileManager.default.fileExists(atPath: new))
            // A shorter receipt replaces the longer one completely.
            _ = try user.makeFile("data/g", size: 10)
            #expect(try await user.upload("--receipt", old, path, user.path("data/g")).code == 0)
            #expect(try receiptNames(old) == ["f", "g"])
            #expect(try await user.upload("--receipt", old, path).code == 0)
            #expect(try receiptNames(old) == ["f"])
        }
    }

    @Test("a file whose name is too long for the disk fails before its first byte, and the others are downloaded")
    func longName() async throws {
        try await withPontoon { server, user in
            // 200 characters, but 400 bytes.
            let name = String(repeating: "é", count: 200)
            _ = try await server.api.uploadSmall(name, "abc")
            _ = try await server.api.uploadSmall("good", "abc")
            let out = user.path("out")
            let run = try await user.run(["download", "--json", "--project", "admin/uploads", "--output", out])
            #expect(run.code == 8, "\(run)")
            let failed = try #require(run.all("failed").first)
            #expect(failed.text("code") == "file_unsuitable" && failed.number("received_bytes") == 0, "\(run)")
            #expect(failed.text("message")?.contains("too long") == true, "\(run)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: out) == ["good"])
        }
    }

    @Test("messages contain the path of the file, and the advice matches the command")
    func messages() async throws {
        try await withPontoon { server, user in
            for folder in ["one", "two"] { try user.makeFile("data/\(folder)/reads", size: 10) }
            #expect(try await user.upload("--keep-tree", user.path("data")).code == 0)
            for folder in ["one", "two"] { try user.makeFile("data/\(folder)/reads", size: 11) }
            let run = try await user.run(
                ["upload", "--project", "admin/uploads", "--keep-tree", user.path("data")]
            )
            #expect(run.code == 5, "\(run)")
            for folder in ["one", "two"] {
                let lines = run.errors.split(separator: "\n").filter { $0.contains(user.path("data/\(folder)/reads")) }
                #expect(lines.count == 1 && lines[0].contains("--overwrite"), "\(run)")
            }
            let moved = try await user.run(
                ["files", "cp", "admin/uploads/data/one/reads", "admin/uploads/data/two"]
            )
            #expect(moved.code == 5 && !moved.errors.contains("--overwrite"), "\(moved)")
        }
    }
}
