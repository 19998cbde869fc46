import PontoonTesting
import Testing

@testable import PontoonObjects

struct FreeSpaceTests {
    @Test(
        "the free space of a file system that does not report it, or reports an impossible value, counts as unlimited",
        arguments: [
            (0, 0, 4096, Int64.max), (0, 7, 4096, .max), (100, 0, 4096, 0), (100, 7, 0, .max), (100, 7, 512, 3584),
            (1 << 20, 0x800_0000_0000, 1 << 32, .max), (4096, .max, 4096, .max), (4096, .max, 1, .max),
        ] as [(UInt64, UInt64, UInt64, Int64)]
    )
    func availableSpace(blocks: UInt64, available: UInt64, blockSize: UInt64, expected: Int64) {
        #expect(Directory.availableSpace(blocks: blocks, available: available, blockSize: blockSize) == expected)
    }

    @Test("uploads may use the free space except for the reserved space, whether the store is open or not")
    func usableSpace() async throws {
        try await withTemporaryFolder { folder in
            var settings = DiskSettings(folder: folder, reservedSpace: 0)
            #expect(try DiskObjectStore.availableSpace(settings) ?? 0 > 0)
            settings.reservedSpace = .max
            #expect(try DiskObjectStore.availableSpace(settings) == 0)
            let store = try DiskObjectStore(settings)
            let remaining = try await store.availableSpace()
            try await store.shutDown()
            #expect(remaining == 0)
        }
    }
}
