import PontoonFoundation

/// The events of new files for which the hook command is running or will run next.
///
/// Runs start in the order of the log and may finish in any order. The cursor moves past an event once the runs for
/// this event and all earlier events have finished. After a crash, the hook therefore runs again for every event after
/// the cursor, even if its run had finished.
struct HookWindow {
    /// The position up to which the runs for all events have finished.
    private(set) var cursor: EventCursor
    /// The position up to which events were read.
    private(set) var readTo: EventCursor
    /// Events that were read and for which no run has started, in order.
    private var waiting: ArraySlice<Event> = []
    /// Positions of events for which a run has started and that the cursor has not passed, in order.
    private var started: ArraySlice<EventCursor> = []
    private var finished: Set<EventCursor> = []
    private let concurrency: Int

    /// Maximum number of runs that may have started after the cursor, and are therefore repeated after a crash.
    static let maximumStarted = 100

    init(after cursor: EventCursor, concurrency: Int) {
        (self.cursor, readTo, self.concurrency) = (cursor, cursor, concurrency)
    }

    /// Whether the hook is running for any event.
    var isRunning: Bool { started.count > finished.count }

    /// Whether further events should be read.
    var needsEvents: Bool { waiting.isEmpty && started.count < Self.maximumStarted }

    /// Adds the events of new files, except copies, from the page that follows ``readTo``; no event may be waiting.
    mutating func add(_ page: EventPage) {
        waiting = page.events.filter(Self.isUpload)[...]
        readTo = page.next
        passFinished()
    }

    /// Marks the run for the next waiting event as started.
    ///
    /// - Returns: The event; `nil` if there is none, or if `concurrency` or ``maximumStarted`` does not allow another
    ///   run.
    mutating func start() -> Event? {
        guard started.count - finished.count < concurrency, started.count < Self.maximumStarted,
            let event = waiting.popFirst()
        else { return nil }
        started.append(event.cursor)
        return event
    }

    mutating func finish(_ event: Event) {
        finished.insert(event.cursor)
        passFinished()
    }

    private mutating func passFinished() {
        while let first = started.first, finished.remove(first) != nil {
            started.removeFirst()
            cursor = first
        }
        // The hook does not run for events of other types, so the cursor moves past them.
        if started.isEmpty, waiting.isEmpty { cursor = readTo }
    }

    /// Returns whether an event records a new file that was uploaded, not copied.
    private static func isUpload(_ event: Event) -> Bool {
        guard event.type == EventType.fileCreated.rawValue else { return false }
        let details = try? JSONDecoder().decode(Details.self, from: Data(event.data.utf8))
        return details?.copiedFrom == nil
    }

    /// The part of an event's data that identifies copies.
    private struct Details: Decodable {
        let copiedFrom: String?

        enum CodingKeys: String, CodingKey {
            case copiedFrom = "copied_from"
        }
    }
}
