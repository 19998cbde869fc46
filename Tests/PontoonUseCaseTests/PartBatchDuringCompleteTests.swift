import Foundation
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

/// Requests for batches of part infos during a completion.
///
/// Tests over HTTP cannot send a request at this moment.
@Suite(.timeLimit(.minutes(10)))
struct PartBatchDuringCompleteTests {
    @Test("part infos are refused during and after a completion")
    func completing() async throws {
        let base = try #require(BaseURL("http://127.0.0.1:8080"))
        try await withUseCases { harness in
            @Sendable func infos(_ id: String) async throws -> [Int] {
                try await harness.uploads.partInfos(PartBatch(count: 9), of: id, caller: harness.user, base: base)
                    .map(\.number.rawValue)
            }
            let id = try await harness.upload(to: .project(harness.project)) {
                let id = try #require(
                    try await harness.metadata.completingUploads(leasedUntil: .distantFuture).first?.id
                )
                try await expectRefusal(.partUnavailable) { try await infos(id) }
            }
            #expect(try await infos(id) == [1])
            _ = try await harness.uploads.complete(id, reports: [], caller: harness.user)
            try await expectRefusal(.uploadNotFound) { try await infos(id) }
        }
    }
}
