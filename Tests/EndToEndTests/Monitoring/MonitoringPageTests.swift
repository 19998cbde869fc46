import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The commands in docs/monitoring.md.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct MonitoringPageTests {
    @Test("every command in docs/monitoring.md works")
    func commands() async throws {
        let page = try String(contentsOfFile: Places.root.appending("docs/monitoring.md").string, encoding: .utf8)
        let blocks = page.split(separator: "```", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.offset.isMultiple(of: 2) }.map { $0.element.trimmingCharacters(in: .whitespacesAndNewlines) }
        let servers = blocks.filter { $0.hasPrefix("pontoond serve ") }
        let scripts = blocks.filter { $0.hasPrefix("cd ") }
        // The other blocks are examples of output and of a configuration.
        #expect(servers.count == 3 && scripts.count == 1)
        for block in servers { try await runServer(block) }
        for script in scripts { #expect(try await shell(script).contains("SUCCESS")) }
    }

    /// Runs a block whose first line starts a server and whose other lines call it.
    private func runServer(_ block: String) async throws {
        try await withTemporaryFolder { folder in
            let port = try FreePort.reserve()
            let lines = block.replacing("127.0.0.1:9090", with: "127.0.0.1:\(port)")
                .replacing("/var/log/pontoon", with: folder.string).split(separator: "\n").map(String.init)
            let flags = lines[0].split(separator: " ").dropFirst(2).map(String.init)
            try #require(flags.prefix(2) == ["--data", "./data"], "\(lines[0])")
            let options = ServerOptions(data: folder.appending("data"), arguments: Array(flags.dropFirst(2)))
            try await withServer(options) { server in
                _ = try await server.api.initialize("a", size: 1)
                for line in lines.dropFirst() {
                    try await eventually("'\(line)' prints something") { try await !shell(line).isEmpty }
                }
                let log = folder.appending("audit.log").string
                guard flags.contains(log) else { return }
                try await eventually("the action is recorded") {
                    try String(contentsOfFile: log, encoding: .utf8).contains("upload.initialize")
                }
            }
        }
    }

    /// Runs a script in the root of the repository.
    ///
    /// - Returns: Its standard output; empty if it fails.
    private func shell(_ script: String) async throws -> String {
        let result = try await run(
            .name("bash"),
            arguments: ["-ec", script],
            workingDirectory: Places.root,
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return result.terminationStatus.isSuccess ? result.standardOutput : ""
    }
}
