import PontoonCore
import Synchronization
import SystemPackage
import Testing

@testable import PontoonClient

/// Uploads from a stream, whose length is not known in advance, and the memory that downloads to a stream use.
struct StreamTests {
    @Test(
        "10,000 parts are enough for 5 TiB, and the first parts have equal lengths",
        arguments: [(Int64(32) << 20, true), (16 << 20, true), (5 << 30, true), (5 << 20, false)]
    )
    func partSizes(first: Int64, isEnough: Bool) {
        let sizes = StreamPartSizes(first: first)
        let all = PartNumber.limits.map { sizes.size($0) }
        #expect(all.allSatisfy { (first...PartSizing.maximumPartSize).contains($0) })
        #expect(all.prefix(StreamPartSizes.equalParts).allSatisfy { $0 == first })
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 <= $1 })
        #expect((all.reduce(0, +) >= PartSizing.maximumFileSize) == isEnough)
        // Even the shortest parts are enough for 4.8 TiB.
        #expect(all.reduce(0, +) > 4_800 << 30)
    }

    @Test(
        "the ranges in memory fit into the memory limit",
        arguments: [0, 56, 64, 128, 256, 1024, 100_000].map { $0 << 20 },
        [Int64(1), 64 << 10, 16 << 20, .max]
    )
    func window(maximumMemory: Int, rangeSize: Int64) {
        var options = DownloadOptions()
        options.transfer.maximumMemory = maximumMemory
        options.rangeSize = rangeSize
        let memory = MemoryBudget(maximumMemory: maximumMemory, requestedConcurrency: 32)
        let window = StreamWindow(options, memory)
        #expect(window.ranges >= 1 && window.ranges <= memory.concurrency)
        #expect(window.rangeSize >= 1 && window.rangeSize <= min(rangeSize, 4 << 20))
        let available = Int64(max(maximumMemory - MemoryBudget.base, 8 << 20))
        let perRange = window.rangeSize + Int64(memory.chunkSize * MemoryBudget.chunksPerPart)
        #expect(Int64(window.ranges) * perRange <= available)
    }

    @Test("the error for a server that requires the length of a file contains the server's message")
    func refusedLength() async throws {
        try await ScriptedServer.with(
            respond: { request in
                request.line.hasPrefix("POST")
                    ? .init(#"{"code": 8013, "message": "size is required"}"#, status: 400) : .init("{}")
            },
            settings: .impatient
        ) { server, client in
            let left = Mutex(3)
            var options = UploadOptions(destination: .project("a/b"))
            options.partSize = 5 << 20
            let result = try await Uploader(client, options: options).upload(UploadItem(source: "-", name: "f")) {
                let isOver = left.withLock { count in
                    count -= 1
                    return count < 0
                }
                return isOver ? nil : [UInt8](repeating: 1, count: 4 << 20)
            }
            guard case .failed(let error as ClientError) = result.outcome else {
                Issue.record("\(result.outcome)")
                return
            }
            #expect(error.code == .requestInvalid && error.message.contains("size is required"), "\(error)")
            #expect(server.requests.allSatisfy { !$0.line.hasPrefix("DELETE") })
        }
    }
}
