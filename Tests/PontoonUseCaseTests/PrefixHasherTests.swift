import PontoonCore
import PontoonTesting
import Testing

/// The progress of uploads that the MD5 hasher keeps in memory.
@Suite(.timeLimit(.minutes(10)))
struct PrefixHasherTests {
    @Test("the progress of uploads that another server has aborted is discarded")
    func abortedUploads() async throws {
        try await withUseCases { harness in
            let hasher = PrefixHasher(metadata: harness.metadata, objects: harness.disk)
            var ids: [String] = []
            for _ in 0..<3 {
                let id = try await harness.upload(to: .project(harness.project)) {}
                let upload = try #require(try await harness.metadata.upload(id))
                #expect(try await hasher.digest(of: upload, parts: []) == "d41d8cd98f00b204e9800998ecf8427e")
                ids.append(id)
            }
            #expect(try await harness.metadata.abortUpload(ids[1]))
            #expect(await hasher.count == 3)
            try await hasher.forgetAborted()
            #expect(await hasher.count == 2)
        }
    }
}
