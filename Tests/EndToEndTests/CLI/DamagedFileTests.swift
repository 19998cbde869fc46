import Foundation
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Output of the commands for files whose stored bytes are damaged.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct DamagedFileTests {
    @Test("verify --deep, compare, ls, upload and the log show damage, and scrub detects it while the server runs")
    func damagedFiles() async throws {
        try await withPontoon { server, user in
            for name in ["cut", "flipped", "good"] {
                try user.makeFile("in/\(name)", size: 1000, seed: UInt64(name.utf8.count))
            }
            let receipt = user.path("receipt")
            #expect(try await user.upload("--receipt", receipt, user.path("in") + "/").code == 0)
            let clean = try await scrub(server)
            #expect(clean.status.isSuccess, "\(clean)")
            let flipped = try path(of: "flipped", user, server)
            let cut = try path(of: "cut", user, server)
            let whole = try Data(contentsOf: URL(filePath: flipped))
            try damage(FilePath(flipped))
            try Data(whole.prefix(999)).write(to: URL(filePath: cut))

            let shallow = try await user.run(["verify", "--server", receipt])
            #expect(shallow.code == 0 && shallow.errors.contains("3 of 3 files match"), "\(shallow)")
            let deep = try await user.run(["verify", "--server", "--deep", "--json", receipt])
            #expect(deep.code == 7, "\(deep)")
            let bad = deep.all("bad").compactMap { $0.text("server") }
            #expect(bad == Array(repeating: "different, its content is damaged on the server", count: 2), "\(deep)")
            #expect(deep.all("good").first?.text("verified_on") != nil, "\(deep)")

            let compared = try await user.run(["compare", user.path("in"), "admin/uploads"])
            #expect(compared.code == 7, "\(compared)")
            #expect(compared.output.contains("flipped: different, its content is damaged on the server"), "\(compared)")
            let listed = try await user.run(["ls", "admin/uploads"])
            #expect(listed.output.contains("flipped  (damaged)"), "\(listed)")
            let again = try await user.upload("--skip-existing", user.path("in/flipped"))
            #expect(!again.output.contains("verified"), "\(again)")
            let id = try await server.api.fileID("flipped")
            let log = try String(contentsOfFile: server.log.string, encoding: .utf8).split(separator: "\n")
            #expect(log.contains { $0.contains(" error ") && $0.contains("object damaged") && $0.contains(id) })

            let found = try await scrub(server)
            #expect(found.status == .exited(1), "\(found)")
            #expect(found.output.contains("of \(id): damaged: checksum mismatch"), "\(found)")
            #expect(found.output.contains("3 objects checked (1000 bytes intact), 2 damaged"), "\(found)")
            try whole.write(to: URL(filePath: flipped))
            let repaired = try await scrub(server, id)
            #expect(repaired.status.isSuccess, "\(repaired)")
            #expect(
                try await user.run(["compare", user.path("in"), "admin/uploads"]).output.contains("cut: different")
            )
        }
    }

    /// Runs `pontoond scrub` while the server runs.
    private func scrub(
        _ server: ServerProcess,
        _ files: String...
    ) async throws -> (status: TerminationStatus, output: String) {
        let result = try await run(
            .path(Places.pontoond),
            arguments: Arguments(["scrub", "--data", server.data.string] + files),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return (result.terminationStatus, result.standardOutput + result.standardError)
    }

    /// Returns the path of the object whose bytes are equal to the local file `in/NAME`.
    private func path(of name: String, _ user: PontoonUser, _ server: ServerProcess) throws -> String {
        let bytes = try Data(contentsOf: URL(filePath: user.path("in/\(name)")))
        let files = server.data.appending("objects/files").string
        let names = try FileManager.default.subpathsOfDirectory(atPath: files)
        let found = names.first { FileManager.default.contents(atPath: "\(files)/\($0)") == bytes }
        return "\(files)/\(try #require(found))"
    }
}
