import Foundation
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The man pages that `make man` writes.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ManualTests {
    /// A command in the output of `--experimental-dump-help`.
    private struct Command: Decodable {
        let commandName: String
        let subcommands: [Command]?

        /// Returns the names of the man pages of this command and its subcommands, except `help`.
        func pages(_ parent: String = "") -> [String] {
            guard commandName != "help" else { return [] }
            return [parent + commandName] + (subcommands ?? []).flatMap { $0.pages("\(parent)\(commandName)-") }
        }
    }

    private struct Tool: Decodable { let command: Command }

    private func output(_ program: FilePath, _ arguments: [String]) async throws -> String {
        let result = try await run(
            .path(program),
            arguments: Arguments(arguments),
            environment: .inherit.updating(["LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MAN_KEEP_FORMATTING": nil]),
            output: .string(limit: 16 << 20),
            error: .combinedWithOutput
        )
        #expect(result.terminationStatus.isSuccess, "\(program) \(arguments): \(result.standardOutput)")
        return result.standardOutput
    }

    @Test("every command and the settings file have a man page, which groff formats without warnings")
    func pages() async throws {
        try await withTemporaryFolder { folder in
            let script = Places.root.appending("Scripts/man")
            _ = try await output(script, [folder.string, Places.pontoon.string, Places.pontoond.string])
            var expected: Set = ["pontoon.yaml.5"]
            for (program, section) in [(Places.pontoon, "1"), (Places.pontoond, "8")] {
                let description = try await output(program, ["--experimental-dump-help"])
                let tool = try JSONDecoder().decode(Tool.self, from: Data(description.utf8))
                expected.formUnion(tool.command.pages().map { "\($0).\(section)" })
            }
            let written = try FileManager.default.contentsOfDirectory(atPath: folder.string)
            #expect(Set(written) == expected && expected.count > 60)
            let paths = written.map { folder.appending($0).string }.sorted()
            let warnings = try await output("/usr/bin/groff", ["-ww", "-z", "-mandoc", "-Kutf8", "-Tutf8"] + paths)
            #expect(warnings == "")

            let upload = try await output("/usr/bin/man", ["-l", folder.appending("pontoon-upload.1").string])
            for text in [
                "PONTOON-UPLOAD(1)", "\n     --to path\n", "Destination owner/project/folder",
                "Pontoon \(Build.version) ",
            ] {
                #expect(upload.contains(text), "\(text): \(upload)")
            }
            let settings = try await output("/usr/bin/man", ["-l", folder.appending("pontoon.yaml.5").string])
            let page = try String(contentsOfFile: Places.root.appending("docs/settings.md").string, encoding: .utf8)
            for row in page.split(separator: "\n") where row.hasPrefix("| `--") && !row.contains("PONTOON_") {
                let name = try #require(row.split(separator: "`").dropFirst().first).dropFirst(2)
                #expect(settings.contains("\n     \(name)"), "\(name)")
            }
            #expect(settings.contains("PONTOON.YAML(5)") && settings.contains("Default: 127.0.0.1:8080."))
            let root = try await output("/usr/bin/man", ["-l", folder.appending("pontoon.1").string])
            #expect(root.contains("pontoon-upload(1)") && !root.contains("pontoon-help"), "\(root)")
        }
    }
}
