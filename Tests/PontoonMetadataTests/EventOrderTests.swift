import Foundation
import PontoonCore
import PontoonPostgreSQL
import PontoonTesting
import Synchronization
import Testing

@testable import PontoonMetadata

@Suite("All readers see the events in the same order")
struct EventOrderTests {
    private static let filter = EventFilter(userName: "ada")

    @Test("a reader on another server misses none of many concurrent changes", arguments: TestDatabase.all)
    func concurrentChanges(_ database: TestDatabase) async throws {
        try await withStores(3, in: database) { stores in
            let fixture = try await MetadataFixture(in: stores[0])
            let uploads = (0..<60).map { fixture.upload("\($0 % 4)", overwrite: true) }
            for upload in uploads { try await fixture.addCompletingUpload(upload, to: stores[0]) }
            let isDone = Flag()
            async let read = Self.follow(stores[2], until: isDone)
            _ = try await concurrently(uploads.count) { index in
                let file = fixture.file(of: uploads[index])
                return try await stores[index % 2].completeUpload(uploads[index].id, file: file, overwrite: true)
            }
            isDone.set()
            let events = try await read
            #expect(try await stores[1].allEvents(Self.filter) == events, "the reader saw the final order")
            #expect(Set(events.map(\.id)).count == events.count)
            // One event for the project, one for the end of each upload, one for each file, and one for each deletion.
            // Four files remain.
            #expect(events.count == 177)
            // Each replaced file was created before it was deleted.
            var files: Set<String> = []
            for event in events where event.subject.hasPrefix("files/") {
                switch event.type {
                case "file.created": #expect(files.insert(event.subject).inserted, "\(event)")
                default: #expect(files.remove(event.subject) != nil, "\(event)")
                }
            }
            let page = try await stores[0].files(in: fixture.root, filter: FileFilter(), window: .page(.all))
            #expect(files == Set(page.items.map { "files/\($0.id)" }) && files.count == 4)
        }
    }

    /// Reads published events in small pages until the changes are done and no event remains.
    private static func follow(_ store: SQLMetadataStore, until isDone: Flag) async throws -> [Event] {
        var (events, cursor) = ([Event](), EventCursor?.none)
        while true {
            let wasDone = isDone.isSet
            try await store.publishEvents()
            let page = try await store.events(filter, after: cursor, limit: 3)
            events += page.events
            cursor = page.next
            if wasDone, !page.hasMore { return events }
        }
    }

    #if PostgreSQL
    @Test(
        "an event of a transaction that commits late comes after the events that have already been read",
        .tags(.needsPostgreSQL),
        .enabled(if: TestTools.areEnginesAllowed)
    )
    func lateCommit() async throws {
        try await withStores(2, in: .postgreSQL) { stores in
            let fixture = try await MetadataFixture(in: stores[0])
            let begin = try await stores[1].allEvents(Self.filter).last
            let (early, late) = (fixture.folder("early"), fixture.folder("late"))
            let gate = BlockingGate()
            let recorder = stores[0].recorder
            async let commit: Void = stores[0].driver.write { connection in
                try recorder.record([.file(.created, late)], on: connection)
                // Waits until the recording of the event has been executed, so that the event has an id.
                _ = try connection.query("SELECT name FROM users LIMIT 1")
                gate.pass()
            }
            try await gate.reached()
            try await stores[1].addFolder(early)
            let first = try await stores[1].publishedEvents(Self.filter, after: begin?.cursor)
            #expect(first.map(\.subject) == ["files/\(early.id)"])
            gate.open()
            try await commit
            let second = try await stores[1].publishedEvents(Self.filter, after: first.last?.cursor)
            #expect(second.map(\.subject) == ["files/\(late.id)"])
            let all = try await stores[0].allEvents(Self.filter).map(\.subject)
            #expect(all.suffix(2) == ["files/\(early.id)", "files/\(late.id)"])
            let numbers = try (first + second).map { event in
                try #require(event.id.split(separator: "-").last.flatMap { Int($0) })
            }
            #expect(numbers[1] < numbers[0], "the event that is published later has the lower number")
        }
    }
    #endif

    @Test("events that were recorded while the clock was years ahead do not prevent the deletion of later ones")
    func wrongClock() async throws {
        try await withDriver(.sqlite) { driver in
            let time = Mutex(MetadataFixture.time.addingTimeInterval(300_000_000))
            let store = try await SQLMetadataStore(driver: driver) { time.withLock { $0 } }
            let fixture = try await MetadataFixture(in: store)
            for name in ["a", "b", "c"] { try await store.addFolder(fixture.folder(name)) }
            time.withLock { $0 = MetadataFixture.time }
            let later = MetadataFixture.time.addingTimeInterval(60)
            #expect(try await store.pruneEvents(before: later, limit: 2) == 0, "no event counts as old")
            try await store.addFolder(fixture.folder("d"))
            time.withLock { $0 = later }
            try await store.addFolder(fixture.folder("e"))
            #expect(try await store.allEvents(Self.filter).count == 6)
            #expect(try await store.pruneEvents(before: later, limit: 2) == 5)
            #expect(try await store.allEvents(Self.filter).count == 1)
        }
    }

    @Test("without the event log, changes record no events")
    func off() async throws {
        try await withStores(1, in: .sqlite) { stores in
            var store = stores[0]
            store.recordsEvents = false
            let fixture = try await MetadataFixture(in: store)
            try await fixture.addFile("a", to: store)
            #expect(try await store.allEvents(Self.filter) == [])
        }
    }
}

/// A flag that one task sets for another.
private final class Flag: Sendable {
    private let value = Mutex(false)

    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}
