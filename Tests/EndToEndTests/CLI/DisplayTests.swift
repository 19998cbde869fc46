import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// The text output of `pontoon upload`, its previews, receipts and lists of failed files.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DisplayTests {
    private static let partSize = 5 << 20

    private func arguments(_ user: PontoonUser) throws -> [String] {
        try user.makeFile("data/one", size: 6 * Self.partSize, seed: 1)
        try user.makeFile("data/two\u{1B}[31m", size: 3 * Self.partSize, seed: 2)
        return [
            "upload", "--project", "admin/uploads", "--part-size", "5M", "--bwlimit", "20M", "--state",
            user.folder.appending("state").string, user.folder.appending("data").string,
        ]
    }

    @Test("without a terminal, only results are printed")
    func piped() async throws {
        try await withPontoon { _, user in
            let run = try await user.run(try arguments(user))
            #expect(run.code == 8, "a name with a control character cannot be uploaded: \(run)")
            // No progress is drawn, and control characters in names do not reach the terminal.
            #expect(!run.errors.contains("\u{1B}"), "\(run)")
            #expect(run.errors.contains("one: 30.0 MiB uploaded, checksum "))
            #expect(run.errors.contains("1 of 2 files uploaded"))
            #expect(run.output.isEmpty)
        }
    }

    @Test("--dry-run and --explain print a preview and upload no files")
    func dryRun() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("data/one", size: 6 * Self.partSize).string
            let plan = try await user.upload("--dry-run", "--keep-tree", user.folder.appending("data").string)
            #expect(plan.code == 0, "\(plan)")
            let entry = try #require(plan.all("plan").first)
            #expect(entry.text("action") == "upload" && entry.number("parts") == 2)
            let files = try await server.api.call(.GET, "/files?project=admin/uploads")
            #expect(files["items"] == [])

            let explained = try await user.run(["upload", "--explain", "--project", "admin/uploads", path])
            #expect(explained.output.contains("30.0 MiB in 2 parts of 16.0 MiB"), "\(explained)")

            let done = try await user.upload(path)
            #expect(done.code == 0)
            let again = try await user.upload("--dry-run", path)
            #expect(again.all("plan").first?.text("action") == "already_there", "\(again)")
            try user.makeFile("data/one", size: 5)
            let taken = try await user.upload("--dry-run", path)
            #expect(taken.all("plan").first?.text("action") == "fail")
            let replaced = try await user.upload("--dry-run", "--overwrite", path)
            #expect(replaced.all("plan").first?.text("action") == "replace")
        }
    }

    @Test("--receipt lists transferred files with their checksums, and --failed-to lists failed files")
    func receipt() async throws {
        try await withPontoon { server, user in
            try user.makeFile("data/one", size: 1000, seed: 1)
            try user.makeFile("data/bad\u{7}", size: 10)
            let receipt = user.folder.appending("receipt.json").string
            let failed = user.folder.appending("failed").string
            let run = try await user.upload(
                "--receipt",
                receipt,
                "--failed-to",
                failed,
                user.folder.appending("data").string
            )
            #expect(run.code == 8, "\(run)")
            let content = try JSONDecoder().decode(JSONValue.self, from: try Data(contentsOf: URL(filePath: receipt)))
            guard case .object(let fields) = content, case .array(let files) = fields["files"], files.count == 1,
                case .object(let file) = files[0]
            else { throw UnexpectedResponse(description: "\(content)") }
            #expect(file["name"] == "one" && file["verified_by"] == "file")
            #expect(file["crc64nvme"] == .string(tag(of: testBytes(seed: 1, count: 1000))))
            let id = try await server.api.fileID("one")
            #expect(file["file_id"] == .string(id))
            let paths = try String(contentsOfFile: failed, encoding: .utf8)
            #expect(paths == user.folder.appending("data/bad\u{7}").string + "\n")
        }
    }
}
