import Synchronization
import SystemPackage

/// Puts the names in a folder on the disk, for many callers at once: those who ask while a sync is under way share the next.
final class FolderSync: Sendable {
    private struct State {
        var waiting: [CheckedContinuation<Void, any Error>] = []
        var isRunning = false
    }

    private let path: FilePath
    private let pool: BlockingPool
    private let state = Mutex(State())

    init(_ path: FilePath, pool: BlockingPool) {
        self.path = path
        self.pool = pool
    }

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
            let result = isCancelled ? .failure(CancellationError()) : Result { try Folder.sync(path) }
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
