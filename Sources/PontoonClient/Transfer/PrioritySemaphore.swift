import Synchronization

/// A counting semaphore that serves its waiters by priority and has an adjustable limit.
final class PrioritySemaphore: Sendable {
    private struct Waiter {
        let id: UInt64
        let priority: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var limit: Int
        var used = 0
        var nextID: UInt64 = 0
        var waiters: [Waiter] = []
        /// Ids of waiters that were cancelled before they were enqueued.
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    /// Creates a semaphore with 1 or more permits.
    init(permits: Int) { state = Mutex(State(limit: permits)) }

    /// Maximum number of permits in use.
    var limit: Int { state.withLock { $0.limit } }
    /// Number of tasks that are waiting for a permit.
    var waiting: Int { state.withLock { $0.waiters.count } }
    /// Whether all permits are in use, or a task is waiting for one.
    var isSaturated: Bool { state.withLock { $0.used >= $0.limit || !$0.waiters.isEmpty } }

    /// Changes the limit.
    ///
    /// Values below 1 count as 1. Permits in use remain valid, even if there are more than the new limit.
    func setLimit(_ limit: Int) {
        let woken = state.withLock { state in
            state.limit = max(1, limit)
            return Self.wake(&state)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Waits for a permit.
    ///
    /// The caller must release the permit.
    ///
    /// - Parameter priority: Waiters with lower values are served first, those with equal values in order of arrival.
    /// - Throws: `CancellationError` if the task is cancelled before it receives a permit.
    func acquire(priority: Int) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        // If the task is cancelled after it has acquired a permit, the cancellation handler inserts its id.
        defer { state.withLock { _ = $0.cancelled.remove(id) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.contains(id) || Task.isCancelled {
                        return .failure(CancellationError())
                    }
                    if state.used < state.limit, state.waiters.isEmpty {
                        state.used += 1
                        return .success(())
                    }
                    state.waiters.append(Waiter(id: id, priority: priority, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Acquires a permit without waiting.
    ///
    /// - Returns: `false` if no permit is free, or if another task is waiting for one.
    func tryAcquire() -> Bool {
        state.withLock { state in
            guard state.used < state.limit, state.waiters.isEmpty else { return false }
            state.used += 1
            return true
        }
    }

    /// Releases a permit, which passes to the waiter with the lowest priority value unless the limit was lowered.
    func release() {
        let woken = state.withLock { state in
            state.used -= 1
            return Self.wake(&state)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    private static func wake(_ state: inout State) -> [Waiter] {
        var woken: [Waiter] = []
        while state.used < state.limit, !state.waiters.isEmpty {
            var best = 0
            for index in state.waiters.indices where state.waiters[index].priority < state.waiters[best].priority {
                best = index
            }
            woken.append(state.waiters.remove(at: best))
            state.used += 1
        }
        return woken
    }
}

/// The permit that a file acquires before it is opened if ``TransferJob/opensFilesUnderPermit`` is `true`.
///
/// A file with several parts releases it before sending them, because each part acquires a separate permit.
final class FilePermit: Sendable {
    private let semaphore: PrioritySemaphore
    private let held = Mutex(false)

    init(_ semaphore: PrioritySemaphore) { self.semaphore = semaphore }

    var isHeld: Bool { held.withLock { $0 } }

    /// Waits for the permit.
    ///
    /// - Throws: `CancellationError` if the task is cancelled before it receives the permit.
    func acquire(priority: Int) async throws {
        try await semaphore.acquire(priority: priority)
        held.withLock { $0 = true }
    }

    /// Releases the permit if it is held; otherwise does nothing.
    func release() {
        let wasHeld = held.withLock { held in
            defer { held = false }
            return held
        }
        if wasHeld { semaphore.release() }
    }
}
