import Synchronization
import Testing

@testable import PontoonClient

/// Calls that delete something, and are repeated after a lost response.
struct DeletionTests {
    /// The number of a server's responses.
    private final class Count: Sendable {
        private let value = Mutex(0)

        /// Adds one, and returns the new value.
        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }

    @Test("a deletion whose response was lost succeeds if nothing is left to delete")
    func lostResponse() async throws {
        let count = Count()
        try await ScriptedServer.with(
            respond: { _ in
                count.next() == 1 ? ScriptedServer.Response(raw: "") : ScriptedServer.Response("", status: 404)
            },
            settings: .impatient
        ) { server, client in
            try await client.deleteFile("5f3c7c8fe4b0a1b2c3d4e5f6")
            #expect(server.requests.map(\.line).allSatisfy { $0.hasPrefix("DELETE /v2/files/") })
            #expect(server.requests.count == 2)
        }
    }

    @Test("the deletion of something that does not exist fails")
    func missing() async throws {
        try await ScriptedServer.with(
            respond: { _ in ScriptedServer.Response("", status: 404) },
            settings: .impatient
        ) { server, client in
            let error = await #expect(throws: APIError.self) { try await client.deleteFile("5f3c7c8fe4b0a1b2c3d4e5f6") }
            #expect(error?.status == 404)
            #expect(server.requests.count == 1)
        }
    }
}
