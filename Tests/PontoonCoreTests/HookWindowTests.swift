import Foundation
import Testing

@testable import PontoonCore

/// The order and number of hook runs that may start, and the position up to which all runs are finished.
struct HookWindowTests {
    private static func cursor(_ position: Int64) -> EventCursor {
        EventCursor(log: "0123456789abcdef", position: position)
    }

    private static func event(_ position: Int64, _ type: String = "file.created", data: String = "{}") -> Event {
        Event(
            id: "\(position)",
            cursor: cursor(position),
            type: type,
            occurredOn: Date(timeIntervalSince1970: 0),
            project: nil,
            subject: "files/\(position)",
            actor: nil,
            data: data
        )
    }

    private static func page(_ events: [Event], to position: Int64) -> EventPage {
        EventPage(events: events, next: cursor(position), hasMore: false)
    }

    @Test("the position passes an event when the runs for this event and all earlier ones are finished")
    func order() {
        var window = HookWindow(after: Self.cursor(0), concurrency: 2)
        #expect(window.needsEvents)
        let events = [1, 2, 5].map { Self.event($0) }
        window.add(Self.page(events, to: 9))
        #expect(!window.needsEvents && window.cursor == Self.cursor(0) && window.readTo == Self.cursor(9))
        #expect(window.start() == events[0] && window.start() == events[1] && window.start() == nil)
        window.finish(events[1])
        #expect(window.cursor == Self.cursor(0))
        #expect(window.start() == events[2] && window.start() == nil)
        window.finish(events[0])
        #expect(window.cursor == Self.cursor(2))
        window.finish(events[2])
        #expect(window.cursor == Self.cursor(9))
    }

    @Test("copies and events of other types are passed without a run")
    func otherEvents() {
        var window = HookWindow(after: Self.cursor(3), concurrency: 2)
        let upload = Self.event(5, data: #"{"name": "a", "size": 1, "upload": "x"}"#)
        let events = [
            Self.event(4, data: #"{"copied_from": "6928f2c5e4b0a1b2c3d4e5f6", "name": "a"}"#),
            upload, Self.event(6, "file.changed"),
        ]
        window.add(Self.page(events, to: 7))
        #expect(window.start() == upload && window.start() == nil && window.cursor == Self.cursor(3))
        window.finish(upload)
        #expect(window.cursor == Self.cursor(7))
        window.add(Self.page([Self.event(8, "file.deleted")], to: 8))
        #expect(window.start() == nil && window.cursor == Self.cursor(8))
    }

    @Test("while the run for an event is unfinished, only a limited number of runs for later events start")
    func limit() {
        var window = HookWindow(after: Self.cursor(0), concurrency: 2)
        let count = Int64(HookWindow.maximumStarted) + 50
        let events = (1...count).map { Self.event($0) }
        window.add(Self.page(events, to: count))
        var started: [Event] = []
        while let event = window.start() {
            started.append(event)
            if event != events[0] { window.finish(event) }
        }
        #expect(started == Array(events.prefix(HookWindow.maximumStarted)) && !window.needsEvents)
        window.finish(events[0])
        #expect(window.cursor == Self.cursor(Int64(HookWindow.maximumStarted)))
        #expect(window.start() == events[HookWindow.maximumStarted])
    }
}
