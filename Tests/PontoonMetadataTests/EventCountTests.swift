import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonMetadata

@Suite("Event counts match the event log")
struct EventCountTests {
    @Test("events of transactions that were rolled back do not count")
    func rolledBack() async throws {
        try await withSQLiteDriver { driver in
            // Runs the migrations.
            _ = try await SQLMetadataStore(driver: driver)
            let store = try await SQLMetadataStore(driver: RepeatingDriver(driver: driver))
            let fixture = try await MetadataFixture(in: store)
            for name in ["a", "b"] { try await fixture.addFile(name, to: store) }
            try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
            let bob = Member(userName: "bob", permissions: .all)
            // The second call changes nothing.
            for isNew in [true, false] {
                #expect(try await store.addMember(bob, to: fixture.project.id) == isNew)
            }
            let events = try await store.events(EventFilter(userName: nil), after: nil, limit: 100).events
            let inLog = Dictionary(grouping: events, by: \.type).mapValues { UInt64($0.count) }
            let counted = store.eventCounts.values.recorded.map { ($0.key.rawValue, $0.value) }
            #expect(Dictionary(uniqueKeysWithValues: counted) == inLog)
            #expect(inLog["file.created"] == 2 && inLog["member.added"] == 1)
        }
    }

    @Test("deleted events are counted")
    func deleted() async throws {
        try await withSQLiteStore { store in
            let fixture = try await MetadataFixture(in: store)
            try await fixture.addFile("a", to: store)
            #expect(store.eventCounts.values.deleted == 0)
            let later = Date().addingTimeInterval(60)
            let count = try await store.pruneEvents(before: later, limit: 2)
            #expect(count == 2 && store.eventCounts.values.deleted == 2)
            let rest = try await store.pruneEvents(before: later, limit: 100)
            #expect(rest > 0 && store.eventCounts.values.deleted == UInt64(2 + rest))
        }
    }

    @Test("a store that records no events counts none")
    func off() async throws {
        try await withSQLiteDriver { driver in
            var store = try await SQLMetadataStore(driver: driver)
            store.recordsEvents = false
            let fixture = try await MetadataFixture(in: store)
            try await fixture.addFile("a", to: store)
            #expect(store.eventCounts.values == EventCounts().values)
        }
    }
}

/// A driver that runs each write transaction twice and rolls it back the first time, as after a lost connection.
private struct RepeatingDriver: SQLDriver {
    private struct RolledBack: Error {}

    let driver: SQLiteDriver

    var dialect: SQLDialect { driver.dialect }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        try await driver.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await driver.write { connection in
                _ = try body(connection)
                throw RolledBack()
            }
        } catch is RolledBack {
            return try await driver.write(body)
        }
    }

    func ping(within limit: Duration) async throws { try await driver.ping(within: limit) }

    func close() async throws { try await driver.close() }
}
