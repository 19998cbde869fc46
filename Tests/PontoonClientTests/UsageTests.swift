import Foundation
import NIOCore
import Testing

@testable import PontoonClient

/// A user's usage as reported by a server.
@Suite(.timeLimit(.minutes(10)))
struct UsageTests {
    @Test("the usage is not requested from a server without the extension, and the error explains why")
    func missingExtension() async throws {
        try await ScriptedServer.with(respond: { _ in .init(#"{"extensions": ["tokens"]}"#) }) { server, client in
            let error = try await #require(throws: ClientError.self) { try await client.usage() }
            #expect(error.code == .requestInvalid && "\(error)".contains("does not report usage and quotas"))
            #expect(server.requests.count == 1)
        }
    }

    @Test("an impossible number counts as unknown, and an impossible limit as no limit")
    func numbers() throws {
        let text = #"""
            {
                "user": "ada", "items": [], "links": [],
                "usage": {
                    "stored_bytes": -1, "reserved_bytes": 1e300, "files": 5,
                    "quota": {"bytes": 9223372036854775807, "files": null, "open_uploads": 7}
                }
            }
            """#
        let page = try ServerValues.decode(UsagePage.self, from: ByteBuffer(string: text))
        let usage = try #require(page.usage)
        #expect(usage.storedBytes == nil && usage.reservedBytes == nil && usage.openUploads == nil && usage.files == 5)
        #expect(usage.quota.bytes == nil && usage.quota.files == nil && usage.quota.openUploads == 7)
        #expect(page.projects.items.isEmpty && !page.projects.hasNext)
    }
}
