import Foundation
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonObjects

struct StoreDirectoryTests {
    @Test("the store detects that its directory was moved or replaced")
    func replaced() async throws {
        try await withTemporaryFolder { folder in
            let root = folder.appending("objects")
            let store = try DiskObjectStore(DiskSettings(folder: root, durability: .os, threads: 2))
            try await store.ping()
            try FileManager.default.moveItem(atPath: root.string, toPath: root.string + ".away")
            await #expect(throws: (any Error).self) { try await store.ping() }
            let other = try DiskObjectStore(DiskSettings(folder: root, durability: .os, threads: 2))
            try await other.shutDown()
            await #expect(throws: (any Error).self) { try await store.ping() }
            try FileManager.default.removeItem(atPath: root.string)
            try FileManager.default.moveItem(atPath: root.string + ".away", toPath: root.string)
            try await store.ping()
            try await store.shutDown()
        }
    }
}
