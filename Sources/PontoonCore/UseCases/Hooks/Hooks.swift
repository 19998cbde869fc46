package import PontoonFoundation

/// The use case that runs the hook command at least once for each new file, except copies.
///
/// If several servers share the stores, one of them at a time runs hooks, under a lease. The position in the event log
/// is stored, so that a restarted or another server can continue from this position; see ``HookWindow``.
package struct Hooks: Sendable {
    /// A condition to report to the operator.
    package enum Notice: Sendable {
        /// Events were deleted before the hook ran for them, for example because no server ran hooks for longer than
        /// events are kept.
        case eventsExpired
        /// The event log was replaced, for example by a restore; the hook does not run for events already in the new
        /// log.
        case newLog
        /// The hook failed ``Hooks/attempts`` times for this event and does not run for it again.
        case abandoned(Event)
        /// The store failed; processing resumes after a pause. Of consecutive failures, only the first is reported.
        case interrupted(any Error)
    }

    /// A closure that runs the hook once.
    ///
    /// The second argument is the number of the attempt, from 1. Returns whether the hook succeeded. An error that it
    /// throws ends ``Hooks/run(_:report:)``.
    package typealias Hook = @Sendable (Event, Int) async throws -> Bool

    /// Number of attempts after which an event is abandoned.
    package static let attempts = 5

    private static let filter = EventFilter(userName: nil, types: [.fileCreated])
    private static let pageSize = 100
    /// Time after which the log is read again even if the feed reported no event.
    private static let longestWait = Duration.seconds(60)
    /// Pause after which the store is used again if it was unavailable.
    private static let pauseAfterError = Duration.seconds(1)

    private let metadata: any MetadataStore
    private let feed: EventFeed
    private let leases: LeaseRenewer
    private let concurrency: Int
    private let backoff: Backoff

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - feed: Notifies of new events.
    ///   - leaseDuration: Time without a lease renewal after which another server may take over; `nil` if no other
    ///     server shares the stores.
    ///   - concurrency: Maximum number of hooks that run concurrently.
    ///   - backoff: The pauses between attempts.
    ///   - now: Returns the current time.
    package init(
        metadata: any MetadataStore,
        feed: EventFeed,
        leaseDuration: Duration?,
        concurrency: Int,
        backoff: Backoff = Backoff(first: .seconds(5), longest: .seconds(300)),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.feed = feed
        self.concurrency = concurrency
        self.backoff = backoff
        leases = LeaseRenewer(duration: leaseDuration, now: now)
    }

    /// Runs the hook for each new file, starting after the stored position.
    ///
    /// If no position is stored, skips the existing files. Continues until the task is cancelled. Returns immediately
    /// if another server is running hooks, and later if another server takes over.
    ///
    /// - Parameters:
    ///   - hook: Runs the hook.
    ///   - report: Receives the conditions to report to the operator.
    /// - Throws: An error if the store is unavailable, unless hooks are running or have finished without their position
    ///   being stored; the errors of `hook`; `CancellationError`. The next call continues after the stored position.
    package func run(_ hook: @escaping Hook, report: @escaping @Sendable (Notice) -> Void) async throws {
        _ = try await leases.runExclusively("hooks", in: metadata) { try await work(hook, report) }
    }

    private func work(_ hook: @escaping Hook, _ report: @escaping @Sendable (Notice) -> Void) async throws {
        guard let cursor = try await start(report) else { return }
        var state = WorkState(after: cursor, concurrency: concurrency)
        try await withThrowingTaskGroup(of: WorkState.Signal.self) { group in
            while true {
                var isStoreAvailable = true
                do {
                    // If this returns `false`, another server has taken over.
                    guard try await synchronize(&state, report) else { break }
                } catch let error where !(error is CancellationError) && state.hasUnstoredWork {
                    // Throwing the error would cause running and finished hooks to run again.
                    isStoreAvailable = false
                    if state.wasStoreAvailable { report(.interrupted(error)) }
                }
                state.wasStoreAvailable = isStoreAvailable
                while let event = state.window.start() {
                    group.addTask {
                        try await attempt(event, hook, report)
                        return .finished(event)
                    }
                }
                if isStoreAvailable, state.mayHaveMore, state.window.needsEvents { continue }
                switch state.nextPause(isStoreAvailable: isStoreAvailable) {
                case .untilNextEvent(let position):
                    group.addTask {
                        await feed.wait(after: position, until: .now + Self.longestWait)
                        return .woken
                    }
                case .afterError:
                    group.addTask {
                        try await Task.sleep(for: Self.pauseAfterError)
                        return .paused
                    }
                case nil: break
                }
                if let signal = try await group.next() { state.handle(signal) }
                try Task.checkCancellation()
            }
            group.cancelAll()
        }
    }

    /// Reads more events if their runs can start, and stores the position up to which all runs have finished.
    ///
    /// - Returns: `false` if another server has moved the position.
    private func synchronize(_ state: inout WorkState, _ report: (Notice) -> Void) async throws -> Bool {
        if state.mayHaveMore, state.window.needsEvents {
            let page = try await read(after: state.window.readTo, report)
            state.window.add(page)
            state.mayHaveMore = page.hasMore
        }
        return try await storePosition(&state)
    }

    /// Stores the position up to which all runs have finished.
    ///
    /// - Returns: `false` if another server has moved the position.
    private func storePosition(_ state: inout WorkState) async throws -> Bool {
        while state.window.cursor != state.stored {
            let next = state.window.cursor
            let isMoved: Bool
            do {
                isMoved = try await metadata.moveHookCursor(from: state.stored, to: next)
            } catch {
                // The commit may have succeeded although its response was lost, so this position may be the stored one.
                state.uncertain.insert(next)
                throw error
            }
            if isMoved {
                state.stored = next
            } else if let found = try await metadata.hookCursor(), state.uncertain.remove(found) != nil {
                // An earlier attempt succeeded although this server received an error.
                state.stored = found
            } else {
                return false
            }
        }
        state.uncertain = []
        return true
    }

    /// Returns the position after which to continue; `nil` if another server has changed the stored position at the
    /// same time.
    private func start(_ report: (Notice) -> Void) async throws -> EventCursor? {
        try await feed.publish()
        let latest = try await metadata.lastEvent()
        let stored = try await metadata.hookCursor()
        if let stored, stored.log == latest.log { return stored }
        if stored != nil { report(.newLog) }
        return try await metadata.moveHookCursor(from: stored, to: latest) ? latest : nil
    }

    private func read(after cursor: EventCursor, _ report: (Notice) -> Void) async throws -> EventPage {
        try await feed.publish()
        do {
            return try await metadata.events(Self.filter, after: cursor, limit: Self.pageSize)
        } catch let error as PontoonError where error.code == .eventsExpired {
            report(.eventsExpired)
            return try await metadata.events(Self.filter, after: nil, limit: Self.pageSize)
        }
    }

    /// Runs the hook for an event until it succeeds, at most ``attempts`` times.
    private func attempt(_ event: Event, _ hook: Hook, _ report: (Notice) -> Void) async throws {
        for attempt in 1...Self.attempts {
            if try await hook(event, attempt) { return }
            if attempt < Self.attempts { try await Task.sleep(for: backoff.pause(after: attempt)) }
        }
        report(.abandoned(event))
    }
}

/// The state of one server that is running hooks.
private struct WorkState {
    /// The result of a child task.
    enum Signal: Sendable {
        case finished(Event)
        /// There may be new events.
        case woken
        /// The store may be available again.
        case paused
    }

    /// A child task that waits.
    enum Pause {
        case untilNextEvent(after: Int64)
        case afterError
    }

    var window: HookWindow
    /// The stored position, as far as this server knows.
    var stored: EventCursor
    /// Positions that may be stored, because the attempts to store them failed with an unknown result.
    var uncertain: Set<EventCursor> = []
    var wasStoreAvailable = true
    /// Whether there may be events that were not read.
    var mayHaveMore = true
    private var isWaiting = false
    private var isPausing = false

    init(after cursor: EventCursor, concurrency: Int) {
        window = HookWindow(after: cursor, concurrency: concurrency)
        stored = cursor
    }

    /// Whether hooks are running, or have finished for events after the stored position.
    var hasUnstoredWork: Bool { window.isRunning || window.cursor != stored }

    /// Returns the kind of pause to start; `nil` if no pause is needed, or if the pause has already started.
    mutating func nextPause(isStoreAvailable: Bool) -> Pause? {
        if !isStoreAvailable {
            defer { isPausing = true }
            return isPausing ? nil : .afterError
        }
        if mayHaveMore || isWaiting { return nil }
        isWaiting = true
        return .untilNextEvent(after: window.readTo.position)
    }

    mutating func handle(_ signal: Signal) {
        switch signal {
        case .finished(let event): window.finish(event)
        case .woken: (mayHaveMore, isWaiting) = (true, false)
        case .paused: isPausing = false
        }
    }
}
