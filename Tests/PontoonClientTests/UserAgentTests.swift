import NIOHTTP1
import PontoonCore
import Testing

@testable import PontoonClient

/// The `User-Agent` header.
@Suite(.timeLimit(.minutes(10)))
struct UserAgentTests {
    @Test("requests to the API and to the storage contain the client's name and version")
    func product() async throws {
        try await ScriptedServer.with(respond: { _ in .init("{}", status: 404) }) { server, client in
            _ = try? await client.index()
            let head = try #require(server.requests.first?.head)
            #expect(head.contains("\r\nUser-Agent: pontoon/\(Build.version)"), "\(head)")
            #expect(client.transport.settings.userAgent == Build.product)
        }
    }
}
