import Synchronization
import SystemPackage

/// Puts the names in a folder on the disk, for many callers at once: those who ask while a sync is under way share the next.
final class FolderSync: Sendable {
    private struct State {
        var waiting: [CheckedContinuation<Void, any Error>] = []
        var isRunning = false
    }

    private let pool: BlockingPool
    private let syncOnce: @Sendable () throws -> Void
    private let state = Mutex(State())

    convenience init(_ path: FilePath, pool: BlockingPool) {
        self.init(pool: pool) { try Folder.sync(path) }
    }

    /// - Parameters:
    ///   - pool: Its threads wait for the disk.
    ///   - syncOnce: Puts the names that are there when it begins on the disk.
    init(pool: BlockingPool, syncOnce: @escaping @Sendable () throws -> Void) {
        self.pool = pool
        self.syncOnce = syncOnce
    }

    /// Callers for whom no sync has begun.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits until the names that the folder has now are on the disk.
    func sync() async throws {
        try await withCheckedThrowingContinuation { continuation in
            let starts = state.withLock { state in
                state.waiting.append(continuation)
                defer { state.isRunning = true }
                return !state.isRunning
            }
            if starts { pool.submit { self.run(isCancelled: $0) } }
        }
    }

    private func run(isCancelled: Bool) {
        while let group = next() {
            let result = isCancelled ? .failure(CancellationError()) : Result(catching: syncOnce)
            for waiting in group { waiting.resume(with: result) }
        }
    }

    /// - Returns: Those whose names a sync that begins now puts on the disk; `nil` when nobody waits.
    private func next() -> [CheckedContinuation<Void, any Error>]? {
        state.withLock { state in
            let group = state.waiting
            state.waiting = []
            state.isRunning = !group.isEmpty
            return group.isEmpty ? nil : group
        }
    }
}
