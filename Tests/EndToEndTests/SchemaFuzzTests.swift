import Foundation
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// An outside tool reads docs/openapi.yaml and tries to make the server fail.
@Suite(.timeLimit(.minutes(5)))
struct SchemaFuzzTests {
    @Test("schemathesis finds no fault of the server, and nothing that the document does not say")
    func fuzz() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let rosalind = try await server.addUser("rosalind")
            for name in ["nobody", "doomed"] { _ = try await server.addUser(name) }
            try await withTemporaryFolder { folder in
                let document = folder.appending("openapi.yaml")
                let token = try #require(rosalind.token)
                try await runPython("fuzz_world.py", [document.string, token], server: server)
                let (isPassed, said) = try await schemathesis(document, in: folder, server: server)
                // The summary is at the end; each failure before it has the curl line that shows it again.
                #expect(isPassed, "\(said.suffix(20_000))")
                #expect(said.contains("Tested: "), "\(said.suffix(2_000))")
            }
            let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
            #expect(!log.contains("internal fault"))
        }
    }

    /// Runs it; what it leaves behind lies in a folder.
    ///
    /// - Returns: Whether it found nothing, and what it printed.
    private func schemathesis(
        _ document: FilePath,
        in folder: FilePath,
        server: ServerProcess
    ) async throws -> (isPassed: Bool, said: String) {
        let result = try await run(
            .path(Places.python.removingLastComponent().appending("st")),
            arguments: [
                "--config-file", Places.script("schemathesis.toml").string, "--no-color", "run", document.string,
                "--url", server.origin,
            ],
            environment: .inherit.updating([
                "SB_AUTH_TOKEN": server.token, "SCHEMATHESIS_HOOKS": "fuzz_hooks",
                "PYTHONPATH": Places.script("").string, "PYTHONDONTWRITEBYTECODE": "1",
            ]),
            workingDirectory: folder,
            output: .string(limit: 16 << 20),
            error: .string(limit: 16 << 20)
        )
        return (result.terminationStatus.isSuccess, result.standardOutput + result.standardError)
    }
}
