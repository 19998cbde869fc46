import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonObjects

@Suite("Responses with a status that HTTP does not define", .timeLimit(.minutes(10)))
struct S3ResponseStatusTests {
    @Test("are errors", arguments: ["000", "099"])
    func belowMinimum(_ status: String) async throws {
        try await RawResponder.with("HTTP/1.1 \(status) OK\r\nContent-Length: 0\r\n\r\n") { port in
            var settings = try S3Settings(url: "s3://bucket/prefix?endpoint=http://127.0.0.1:\(port)")
            settings.attempts = 1
            let store = try S3ObjectStore(
                settings,
                credentials: S3Credentials(accessKeyID: "id", secretAccessKey: Secret("key"))
            )
            await #expect(throws: S3CheckFailure.self) { try await store.check() }
            try await store.shutDown()
        }
    }
}
