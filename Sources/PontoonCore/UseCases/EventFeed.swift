import Synchronization

/// A feed that wakes waiting readers when there are new events.
///
/// While readers wait, one task checks for new events: after transactions of this server, and once a second to find
/// events of other servers and of commands. New events wake all readers, even those that did not request these events,
/// so the task pauses longer between checks the more readers it has woken.
package final class EventFeed: Sendable {
    private struct Waiter {
        let position: Int64
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var nextID: UInt64 = 0
        var isRunning = false
        /// Whether the server is stopping, so that no reader waits any longer.
        var isStopping = false
        /// Position of the last event that was found.
        var last: Int64 = 0

        /// Removes and returns the waiters that need not wait any longer.
        mutating func takeReady(now: ContinuousClock.Instant) -> [Waiter] {
            let ready = waiters.filter { $0.value.position < last || $0.value.deadline <= now }
            for id in ready.keys { waiters[id] = nil }
            return Array(ready.values)
        }
    }

    private let store: any EventStore
    /// Whether this server may publish events.
    ///
    /// If not, only events that other servers have published are found.
    private let publishes: Bool
    private let state = Mutex(State())

    /// Minimum pause between checks for new events, so that many transactions cause few queries.
    private static let minimumPause = Duration.milliseconds(50)
    /// Pause for each reader that was woken, which limits the queries of all readers to 200 per second.
    private static let pausePerReader = Duration.milliseconds(5)
    private static let interval = Duration.seconds(1)

    package init(store: any EventStore, publishes: Bool) {
        self.store = store
        self.publishes = publishes
    }

    /// Publishes the events that have been committed, unless this server may not publish events.
    package func publish() async throws { if publishes { try await store.publishEvents() } }

    /// Waits until there is a published event after a position.
    ///
    /// Also returns within about a second after the deadline, and immediately if the server is stopping or the task is
    /// cancelled.
    package func wait(after position: Int64, until deadline: ContinuousClock.Instant) async {
        let id = state.withLock { state in
            state.nextID &+= 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isReady, starts) = state.withLock { state in
                    guard state.last <= position, !state.isStopping, !Task.isCancelled else { return (true, false) }
                    state.waiters[id] = Waiter(position: position, deadline: deadline, continuation: continuation)
                    let starts = !state.isRunning
                    state.isRunning = true
                    return (false, starts)
                }
                if isReady { continuation.resume() }
                // Detached, because the task outlives the call of this reader.
                if starts { Task.detached { await self.run() } }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume()
        }
    }

    /// Wakes all current and future readers, so that they notice that the server is stopping.
    package func stop() {
        let waiters = state.withLock { state in
            state.isStopping = true
            let waiters = Array(state.waiters.values)
            state.waiters = [:]
            return waiters
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    private func publishedPosition() async throws -> Int64 {
        try await publish()
        return try await store.lastEvent().position
    }

    /// Checks for new events until no reader is waiting.
    private func run() async {
        let (signals, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        store.eventSignal.listen { continuation.yield() }
        let ticks = Task {
            while !Task.isCancelled {
                continuation.yield()
                try? await Task.sleep(for: Self.interval)
            }
        }
        for await _ in signals {
            // If the store is unavailable, readers find out when they read.
            let last = try? await publishedPosition()
            let (ready, isDone) = state.withLock { state in
                if let last { state.last = max(state.last, last) }
                let ready = state.takeReady(now: .now)
                let isDone = state.waiters.isEmpty
                if isDone {
                    state.isRunning = false
                    // Within the lock, so that it does not remove the listener of the next run.
                    store.eventSignal.listen(nil)
                }
                return (ready, isDone)
            }
            for waiter in ready { waiter.continuation.resume() }
            if isDone { break }
            try? await Task.sleep(for: max(Self.minimumPause, Self.pausePerReader * ready.count))
        }
        ticks.cancel()
    }
}
