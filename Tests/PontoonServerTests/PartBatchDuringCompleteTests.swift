import Foundation
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

/// Batches of part infos at moments that no client can choose.
struct PartBatchDuringCompleteTests {
    @Test("while complete is at work there are no part infos, and none after it")
    func completing() async throws {
        let base = try #require(BaseURL("http://127.0.0.1:8080"))
        try await withScene { scene in
            @Sendable func infos(_ id: String) async throws -> [Int] {
                try await scene.uploads.partInfos(PartBatch(count: 9), of: id, caller: scene.user, base: base)
                    .map(\.number.rawValue)
            }
            let id = try await scene.upload(to: .project(scene.project)) {
                let id = try #require(
                    try await scene.metadata.completingUploads(leasedUntil: .distantFuture).first?.id
                )
                try await expectRefusal(.partUnavailable) { try await infos(id) }
            }
            #expect(try await infos(id) == [1])
            _ = try await scene.uploads.complete(id, reports: [], caller: scene.user)
            try await expectRefusal(.uploadNotFound) { try await infos(id) }
        }
    }
}
