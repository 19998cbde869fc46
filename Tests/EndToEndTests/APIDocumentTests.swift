import Subprocess
import SystemPackage
import Testing

/// docs/openapi.yaml is valid, and what the live server answers is what it says.
@Suite(.timeLimit(.minutes(2)))
struct APIDocumentTests {
    @Test("the document is valid OpenAPI 3.1, and its examples fit its schemas")
    func document() async throws {
        let result = try await run(
            .path(Places.python),
            arguments: [Places.script("openapi_document.py").string],
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
    }

    @Test("the server gives every status and code in the document, as the document says, and no others")
    func answers() async throws {
        try await withServer(arguments: smallParts) { server in
            let tokens = try await [server.addUser("rosalind"), server.addUser("nobody")].compactMap(\.token)
            try await runPython("openapi_golden.py", tokens, server: server)
        }
    }

    @Test("every call that needs a token is refused as the document says when the limit is reached")
    func rateLimit() async throws {
        try await withServer(arguments: ["--rate-limit", "1/24h"]) { server in
            try await runPython("openapi_golden.py", ["limited"], server: server)
        }
    }
}
