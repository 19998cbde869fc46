import PontoonTesting
import Testing

@testable import PontoonClient

/// Statuses that are invalid in HTTP, with which a server could crash the client.
@Suite(.timeLimit(.minutes(10)))
struct ResponseStatusTests {
    @Test(
        "a response with a status below 100 is an error, whatever follows it",
        arguments: ["000", "001", "050", "099"],
        [
            "Content-Length: 0\r\n\r\n", "Content-Length: 2\r\n\r\n{}",
            "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        ]
    )
    func belowMinimum(_ status: String, _ rest: String) async throws {
        let response = ScriptedServer.Response(raw: "HTTP/1.1 \(status) OK\r\n\(rest)")
        try await ScriptedServer.with(respond: { _ in response }, settings: .impatient) { _, client in
            _ = await #expect(throws: ClientError.self) { _ = try await client.user() }
        }
    }

    @Test("a second response that follows a refused one is not used")
    func second() async throws {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"username\": \"mal\"}\n"
        let response = ScriptedServer.Response(raw: "HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n\(ok)")
        try await ScriptedServer.with(respond: { _ in response }, settings: .impatient) { _, client in
            _ = await #expect(throws: ClientError.self) { _ = try await client.user() }
        }
    }
}
