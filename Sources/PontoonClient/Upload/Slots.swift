import Synchronization

/// A number of slots for work in flight; who is more urgent gets the next one.
final class Slots: Sendable {
    private struct Waiter {
        let id: UInt64
        let urgency: Int
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var width: Int
        var used = 0
        var nextID: UInt64 = 0
        var waiters: [Waiter] = []
        /// Cancelled before they began to wait.
        var cancelled: Set<UInt64> = []
    }

    private let state: Mutex<State>

    /// Takes the number of slots, 1 or more.
    init(width: Int) { state = Mutex(State(width: width)) }

    var width: Int { state.withLock { $0.width } }
    /// How many wait.
    var waiting: Int { state.withLock { $0.waiters.count } }
    /// Whether somebody waits, or all slots are in use.
    var isSaturated: Bool { state.withLock { $0.used >= $0.width || !$0.waiters.isEmpty } }

    /// Changes the number; slots in use stay in use.
    func setWidth(_ width: Int) {
        let woken = state.withLock { state in
            state.width = max(1, width)
            return Self.wake(&state)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Waits for a slot.
    ///
    /// - Parameter urgency: The smallest goes first; of equals, who came first.
    /// - Throws: `CancellationError`.
    func acquire(urgency: Int) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(id) != nil || Task.isCancelled {
                        return .failure(CancellationError())
                    }
                    if state.used < state.width, state.waiters.isEmpty {
                        state.used += 1
                        return .success(())
                    }
                    state.waiters.append(Waiter(id: id, urgency: urgency, continuation: continuation))
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

    /// Takes a slot if one is free and nobody waits for it.
    func tryAcquire() -> Bool {
        state.withLock { state in
            guard state.used < state.width, state.waiters.isEmpty else { return false }
            state.used += 1
            return true
        }
    }

    /// Gives a slot back.
    func release() {
        let woken = state.withLock { state in
            state.used -= 1
            return Self.wake(&state)
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    private static func wake(_ state: inout State) -> [Waiter] {
        var woken: [Waiter] = []
        while state.used < state.width, !state.waiters.isEmpty {
            var best = 0
            for index in state.waiters.indices where state.waiters[index].urgency < state.waiters[best].urgency {
                best = index
            }
            woken.append(state.waiters.remove(at: best))
            state.used += 1
        }
        return woken
    }
}
