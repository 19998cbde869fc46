import Dispatch
import Foundation
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

@testable import PontoonObjects

@Suite("Directory syncs that callers share")
struct DirectorySyncTests {
    @Test("every caller waits for a sync, and an error reaches all of them")
    func manyCallers() async throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path)
        let executor = BlockingIOExecutor(threads: 2)
        let names = DirectorySyncCoalescer(folder, executor: executor)
        let refused = await outcomes(of: 50, names)
        #expect(refused == Array(repeating: false, count: 50), "there is no such directory")
        try Directory.create(folder)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        let synced = await outcomes(of: 50, names)
        #expect(synced == Array(repeating: true, count: 50))
        try await executor.shutDown()
        let late = await outcomes(of: 1, names)
        #expect(late == [false], "nothing is durable after the shutdown")
    }

    @Test("callers that arrive during a sync share the next sync")
    func nextSync() async throws {
        let executor = BlockingIOExecutor(threads: 2)
        let (begun, begin) = AsyncStream.makeStream(of: Int.self)
        let permits = DispatchSemaphore(value: 0)
        let count = Mutex(0)
        let names = DirectorySyncCoalescer(executor: executor) {
            begin.yield(
                count.withLock {
                    $0 += 1; return $0
                }
            )
            permits.wait()
        }
        var running = begun.makeAsyncIterator()
        try await withThrowingTaskGroup(of: Int.self) { group in
            let wait = { @Sendable in
                try await names.sync()
                return count.withLock { $0 }
            }
            group.addTask(operation: wait)
            #expect(await running.next() == 1)
            for _ in 0..<20 { group.addTask(operation: wait) }
            try await eventually("20 callers wait") { names.waiting == 20 }
            permits.signal()
            #expect(await running.next() == 2)
            permits.signal()
            // The first sync started before these callers arrived, so they must not share it.
            let seen = try await group.reduce(into: []) { $0.append($1) }.sorted()
            #expect(seen.dropFirst() == Array(repeating: 2, count: 20)[...])
        }
        #expect(count.withLock { $0 } == 2)
        try await executor.shutDown()
    }

    private func outcomes(of callers: Int, _ names: DirectorySyncCoalescer) async -> [Bool] {
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
