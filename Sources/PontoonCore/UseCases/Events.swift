/// The use cases that read the event log.
package struct Events: Sendable {
    private let metadata: any EventStore & ProjectStore & FileStore & AutomationStore
    private let access: Access
    /// The feed that wakes waiting readers when there are new events.
    package let feed: EventFeed

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - isReadOnly: Whether the server must not change anything, including the positions of events.
    package init(metadata: any EventStore & ProjectStore & FileStore & AutomationStore, isReadOnly: Bool = false) {
        self.metadata = metadata
        access = Access(metadata: metadata)
        feed = EventFeed(store: metadata, publishes: !isReadOnly)
    }

    /// Whether changes are recorded as events.
    package var isEnabled: Bool { metadata.recordsEvents }

    /// The events that a caller requests.
    package struct Request: Sendable {
        /// Only events of this project; `nil` for all events that the caller may read.
        package var project: ProjectID?
        /// Only events of these types; `nil` for events of all types.
        package var types: Set<EventType>?
        /// Maximum number of events.
        package var limit: Int

        package init(project: ProjectID? = nil, types: Set<EventType>? = nil, limit: Int) {
            self.project = project
            self.types = types
            self.limit = limit
        }
    }

    /// Returns the position of the last event.
    package func latest() async throws -> EventCursor {
        try await feed.publish()
        return try await metadata.lastEvent()
    }

    /// Returns events after a position that the caller may read now, possibly none.
    ///
    /// Like ``EventStore/events(_:after:limit:)``, this method may return fewer events than requested even if more
    /// match.
    ///
    /// - Parameters:
    ///   - request: The requested events.
    ///   - cursor: The position after which to start; `nil` starts with the oldest event.
    ///   - caller: The caller.
    ///   - isNotified: Whether new events have just been published, so that this call need not publish them.
    /// - Returns: The events, and the position after which to continue.
    /// - Throws: `.projectNotFound` if the requested project does not exist or the caller may not read it;
    ///   `.eventsExpired` if events after the position have been deleted, or the position belongs to another log.
    package func read(
        _ request: Request,
        after cursor: EventCursor?,
        caller: Caller,
        isNotified: Bool = false
    ) async throws -> EventPage {
        var filter = EventFilter(userName: caller.name, projects: caller.rights.projects, types: request.types)
        if let project = request.project {
            _ = try await access.project(project, for: caller)
            filter.projects = [project]
        }
        if !isNotified { try await feed.publish() }
        return try await metadata.events(filter, after: cursor, limit: request.limit)
    }

    /// Returns events like ``read(_:after:caller:isNotified:)``, but waits if none matches.
    ///
    /// - Parameters:
    ///   - request: The requested events.
    ///   - cursor: The position after which to start; `nil` starts with the oldest event.
    ///   - time: Maximum time to wait.
    ///   - isStopping: Whether the server is stopping, so that the call must end.
    ///   - authenticate: Returns the caller; called before each read, because the caller's rights may change.
    /// - Returns: The events, and the position after which to continue; no events if none matched within `time` or the
    ///   server is stopping.
    /// - Throws: The errors of ``read(_:after:caller:isNotified:)`` and of `authenticate`; `CancellationError`.
    package func read(
        _ request: Request,
        after cursor: EventCursor?,
        waiting time: Duration,
        isStopping: @Sendable () -> Bool,
        authenticate: @Sendable () async throws -> Caller
    ) async throws -> EventPage {
        let deadline = ContinuousClock.now + time
        var (cursor, isNotified) = (cursor, false)
        while true {
            let caller = try await authenticate()
            let page = try await read(request, after: cursor, caller: caller, isNotified: isNotified)
            guard page.events.isEmpty, ContinuousClock.now < deadline, !isStopping() else { return page }
            (cursor, isNotified) = (page.next, true)
            if !page.hasMore { await feed.wait(after: page.next.position, until: deadline) }
            try Task.checkCancellation()
        }
    }
}
