package import PontoonFoundation

/// The use case that runs the hook command for each new file, at least once.
///
/// If several servers share the stores, one of them at a time runs hooks, under a lease. The position in the event log is
/// stored, so a restarted server or another one continues after the last event that is finished.
package struct Hooks: Sendable {
    /// What the operator should know.
    package enum Notice: Sendable {
        /// Events were deleted before the hook ran for them, because no server has run hooks for longer than the
        /// retention of events.
        case eventsExpired
        /// The event log is another one than before, as after a restore; its earlier events are skipped.
        case newLog
        /// The hook has failed too often for this event, which is given up.
        case abandoned(Event)
    }

    /// Runs the hook once.
    ///
    /// The second argument is the number of the attempt, from 1. Returns whether the hook succeeded.
    package typealias Hook = @Sendable (Event, Int) async throws -> Bool

    /// Number of attempts after which an event is given up.
    package static let attempts = 5

    private static let filter = EventFilter(userName: nil, types: [.fileCreated])
    private static let pageSize = 100
    /// Time after which the log is read again even if no event was noticed.
    private static let longestWait = Duration.seconds(60)

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
    ///   - concurrency: Maximum number of hooks that run at once.
    ///   - backoff: The pauses before further attempts.
    ///   - now: The current time.
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

    /// Runs the hook for the files that exist from now on and for those that are left from before, unless another server
    /// does; returns when another server does, has taken over, or when the task is cancelled.
    ///
    /// - Parameters:
    ///   - hook: Runs the hook.
    ///   - report: Receives what the operator should know.
    /// - Throws: An error if the store is unavailable; `CancellationError`. The next run resumes.
    package func run(_ hook: @escaping Hook, report: @escaping @Sendable (Notice) -> Void) async throws {
        _ = try await leases.runExclusively("hooks", in: metadata) { try await work(hook, report) }
    }

    /// The result of a task of ``work(_:_:)``.
    private enum Signal: Sendable {
        case finished(Event)
        /// There may be new events.
        case woken
    }

    private func work(_ hook: @escaping Hook, _ report: @escaping @Sendable (Notice) -> Void) async throws {
        guard var stored = try await start(report) else { return }
        var window = HookWindow(after: stored, concurrency: concurrency)
        try await withThrowingTaskGroup(of: Signal.self) { group in
            var (mayHaveMore, isWaiting) = (true, false)
            while true {
                if mayHaveMore, window.needsEvents {
                    let page = try await read(after: window.readTo, report)
                    window.add(page)
                    mayHaveMore = page.hasMore
                }
                while let event = window.start() {
                    group.addTask {
                        try await attempt(event, hook, report)
                        return .finished(event)
                    }
                }
                if window.cursor != stored {
                    guard try await metadata.moveHookCursor(from: stored, to: window.cursor) else { break }
                    stored = window.cursor
                }
                if mayHaveMore, window.needsEvents { continue }
                if !mayHaveMore, !isWaiting {
                    isWaiting = true
                    let position = window.readTo.position
                    group.addTask {
                        await feed.wait(after: position, until: .now + Self.longestWait)
                        return .woken
                    }
                }
                switch try await group.next() {
                case .finished(let event): window.finish(event)
                case .woken, nil: (mayHaveMore, isWaiting) = (true, false)
                }
                try Task.checkCancellation()
            }
            // Another server has taken over.
            group.cancelAll()
        }
    }

    /// Returns the position after which to continue; `nil` if another server has changed it at the same time.
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

    /// Runs the hook for an event until it succeeds, but not too often.
    private func attempt(_ event: Event, _ hook: Hook, _ report: (Notice) -> Void) async throws {
        for attempt in 1...Self.attempts {
            if try await hook(event, attempt) { return }
            if attempt < Self.attempts { try await Task.sleep(for: backoff.pause(after: attempt)) }
        }
        report(.abandoned(event))
    }
}
