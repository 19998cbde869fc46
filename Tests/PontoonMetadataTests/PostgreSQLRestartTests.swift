#if PostgreSQL
import PontoonCore
import PontoonMetadata
import PontoonPostgreSQL
import PontoonTesting
import Synchronization
import Testing

@Suite("Crash and restart of the PostgreSQL server", .timeLimit(.minutes(10)), .tags(.needsPostgreSQL))
struct PostgreSQLRestartTests {
    /// The results that writers observed.
    private final class Log: Sendable {
        struct Seen {
            var acknowledged: Set<Int> = []
            var failures: [SQLError.Kind] = []
            var isOver = false
        }

        private let state = Mutex(Seen())

        var seen: Seen { state.withLock { $0 } }
        var isOver: Bool { state.withLock { $0.isOver } }
        var count: Int { state.withLock { $0.acknowledged.count } }

        func acknowledge(_ number: Int) { state.withLock { _ = $0.acknowledged.insert(number) } }
        func fail(_ kind: SQLError.Kind) { state.withLock { $0.failures.append(kind) } }
        func end() { state.withLock { $0.isOver = true } }
    }

    @Test("no acknowledged write is lost, and the store reconnects")
    func crashUnderLoad() async throws {
        try await withPostgreSQLServer { server in
            let settings = try PostgreSQLSettings.patient(url: try await server.newDatabase())
            let store = try await SQLMetadataStore.open(settings)
            let fixture = try await MetadataFixture(in: store)
            let upload = fixture.upload()
            try await store.addUpload(upload)
            let log = Log()
            try await withThrowingTaskGroup { group in
                for writer in 0..<16 {
                    group.addTask { try await Self.write(600, from: writer * 600 + 1, of: upload.id, to: store, log) }
                }
                for more in [300, 300, 300, 100] {
                    let count = log.count
                    try await eventually("\(more) more parts are recorded") { log.count >= count + more }
                    if more == 300 { try await server.restart() }
                }
                log.end()
                try await group.waitForAll()
            }
            let kept = Set(try await store.parts(of: upload.id).map(\.number.rawValue))
            let result = log.seen
            #expect(result.acknowledged.isSubset(of: kept))
            // Writes that were retried succeed. A write that cannot be retried throws, even if it was committed.
            #expect(result.failures.allSatisfy { $0 == .outcomeUnknown || $0 == .unreachable })
            #expect(kept.subtracting(result.acknowledged).count <= result.failures.count)
            try await store.close()
        }
    }

    private static func write(
        _ count: Int,
        from first: Int,
        of upload: String,
        to store: SQLMetadataStore,
        _ log: Log
    ) async throws {
        for number in first..<first + count {
            if log.isOver { return }
            do {
                _ = try await store.recordPart(try MetadataFixture.part(number), of: upload)
                log.acknowledge(number)
            } catch let error as SQLError {
                log.fail(error.kind)
            }
        }
    }

    @Test("calls fail once the server has been down for the configured timeout")
    func absence() async throws {
        try await withPostgreSQLServer { server in
            var settings = try PostgreSQLSettings(url: try await server.newDatabase())
            settings.acquireTimeout = .seconds(3)
            let store = try await SQLMetadataStore.open(settings)
            try await store.ping(within: .seconds(60))
            try await server.stop()
            await #expect(throws: SQLError.self) { try await store.ping(within: .milliseconds(300)) }
            let error = await #expect(throws: SQLError.self) { try await store.isEmpty() }
            #expect(error?.kind == .unreachable)
            let failed = await #expect(throws: SQLError.self) {
                try await store.addUser(User(name: "ada", createdOn: MetadataFixture.time))
            }
            #expect(failed?.kind == .unreachable)
            try await server.start()
            try await store.ping(within: .seconds(60))
            #expect(try await store.isEmpty())
            try await store.close()
        }
    }

    @Test("a call waits for the server to restart")
    func shortAbsence() async throws {
        try await withPostgreSQLServer { server in
            let settings = try PostgreSQLSettings.patient(url: try await server.newDatabase())
            let store = try await SQLMetadataStore.open(settings)
            try await server.stop()
            async let isEmpty = store.isEmpty()
            try await server.start()
            #expect(try await isEmpty)
            try await store.close()
        }
    }
}
#endif
