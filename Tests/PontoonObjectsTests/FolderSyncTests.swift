import Foundation
import SystemPackage
import Testing

@testable import PontoonObjects

@Suite("Names put on the disk together")
struct FolderSyncTests {
    @Test("of many callers each waits for a sync, and an error reaches all of them")
    func manyCallers() async throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path)
        let pool = BlockingPool(threads: 2)
        let names = FolderSync(folder, pool: pool)
        let refused = await outcomes(of: 50, names)
        #expect(refused == Array(repeating: false, count: 50), "there is no such folder")
        try Folder.make(folder)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let synced = await outcomes(of: 50, names)
        #expect(synced == Array(repeating: true, count: 50))
        try await pool.shutDown()
        let late = await outcomes(of: 1, names)
        #expect(late == [false], "nothing is promised after the end")
    }

    private func outcomes(of callers: Int, _ names: FolderSync) async -> [Bool] {
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<callers {
                group.addTask {
                    do {
                        try await names.sync()
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }
}
