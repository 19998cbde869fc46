import PontoonFoundation

/// The events of new files for which the hook command is running, and those for which it will run next.
///
/// Runs start in the order of the log and may finish in any order. The cursor moves past an event once the runs for it
/// and for all events before it are finished. After a crash, the hook therefore runs again for every event after the
/// cursor, even if the run for it was finished.
struct HookWindow {
    /// The position up to which all events are finished.
    private(set) var cursor: EventCursor
    /// The position up to which events were read.
    private(set) var readTo: EventCursor
    /// Events that were read and have not started, in order.
    private var waiting: ArraySlice<Event> = []
    /// Positions of events that have started and that the cursor has not passed, in order.
    private var started: ArraySlice<EventCursor> = []
    private var finished: Set<EventCursor> = []
    private let concurrency: Int

    /// Maximum number of events after the cursor that may have started, and are therefore repeated after a crash.
    static let maximumStarted = 100

    init(after cursor: EventCursor, concurrency: Int) {
        (self.cursor, readTo, self.concurrency) = (cursor, cursor, concurrency)
    }

    /// Whether an event has started and is not finished.
    var isRunning: Bool { started.count > finished.count }

    /// Whether further events should be read.
    var needsEvents: Bool { waiting.isEmpty && started.count < Self.maximumStarted }

    /// Replaces the waiting events with those of new files, except copies, in the page that follows ``readTo``.
    mutating func add(_ page: EventPage) {
        waiting = page.events.filter(Self.isUpload)[...]
        readTo = page.next
        passFinished()
    }

    /// Returns the next event to start; `nil` if there is none, if as many are running as `concurrency` allows, or if
    /// ``maximumStarted`` is reached.
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
        // Events of other types need not be finished.
        if started.isEmpty, waiting.isEmpty { cursor = readTo }
    }

    /// Returns whether an event is that of a file whose bytes were sent, and not of a copy.
    private static func isUpload(_ event: Event) -> Bool {
        guard event.type == EventType.fileCreated.rawValue else { return false }
        let details = try? JSONDecoder().decode(Details.self, from: Data(event.data.utf8))
        return details?.copiedFrom == nil
    }

    /// The details of an event that matter here.
    private struct Details: Decodable {
        let copiedFrom: String?

        enum CodingKeys: String, CodingKey {
            case copiedFrom = "copied_from"
        }
    }
}
