import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The README's section about the client.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ReadmeTests {
    @Test("the README's commands check, upload, verify and download")
    func newcomer() async throws {
        try await withPontoon { server, user in
            let readme = try String(contentsOfFile: Places.root.appending("README.md").string, encoding: .utf8)
            let section = try #require(readme.split(separator: "## The client\n").last)
            let block = section.split(separator: "```", omittingEmptySubsequences: false)[1]
            // Both programs are already built, and the test's server uses another port.
            let lines = block.split(separator: "\n").filter { !$0.hasPrefix("make build") }
            let script =
                "set -e\n" + lines.joined(separator: "\n").replacing("http://127.0.0.1:8080", with: server.origin)
            try FileManager.default.createSymbolicLink(
                atPath: user.path("data"),
                withDestinationPath: server.data.string
            )
            let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
            let result = try await run(
                .name("bash"),
                arguments: ["-c", script],
                environment: .inherit.updating([
                    "HOME": user.folder.string, "XDG_STATE_HOME": user.path("state"), "http_proxy": nil,
                    "HTTP_PROXY": nil, "ALL_PROXY": nil, "all_proxy": nil,
                    "PATH": "\(Places.pontoon.removingLastComponent()):\(path)",
                ]),
                workingDirectory: user.folder,
                output: .string(limit: 1 << 20),
                error: .string(limit: 1 << 20)
            )
            #expect(result.terminationStatus.isSuccess, "\(result.standardOutput)\n\(result.standardError)")
            #expect(try user.bytes("back/reads/a.bam") == user.bytes("reads/a.bam"))
            let folder = try await server.api.fileID("reads")
            let file = try await server.api.fileID("a.bam", parent: folder)
            let details = try await server.api.call(.GET, "/files/\(file)")
            guard case .object(let metadata) = details["metadata"] else {
                throw UnexpectedResponse(description: String(buffer: details.body))
            }
            #expect(metadata["sample_id"] == "S1" && Set(metadata.keys) == ["sample_id", "pontoon_mtime"])
        }
    }
}
