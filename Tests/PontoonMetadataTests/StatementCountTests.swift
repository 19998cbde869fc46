import PontoonMetadata
import PontoonTesting
import Synchronization
import Testing

@testable import PontoonCore

@Suite("Numbers of statements, and of rows read")
struct StatementCountTests {
    @Test("storing a part of an upload that has reserved its size neither reads nor changes a counter")
    func parts() async throws {
        try await withCountedStore { store, fixture, counter in
            let upload = fixture.sized(12)
            try await store.addUpload(upload)
            let part = try MetadataFixture.part(1)
            let forgotten = try await counter.count {
                try await store.forgetPart(part.number, of: upload.id, replacedBy: 5)
            }
            #expect(forgotten == [1, 0])
            let recorded = try await counter.count { try await store.recordPart(part, of: upload.id) }
            #expect(recorded == [2, 0])
            let kept = try await counter.count {
                try await store.keepAlive(upload.id, now: part.storedOn, reserving: true)
            }
            #expect(kept == [1, 0])
        }
    }

    @Test("without a quota, starting and completing an upload waits for no counter")
    func uploads() async throws {
        try await withCountedStore { store, fixture, counter in
            let upload = fixture.sized(12)
            // Waits for the lookup of the folder. Queues the upload and the counters of the user, the project and its
            // owner.
            let started = try await counter.count { try await store.addUpload(upload) }
            #expect(started == [1, 4])
            _ = try await store.beginCompletion(of: upload.id)
            // Waits for the lookup of the project, the state of the upload, the name and the file. Queues the counter
            // of the user, the object, the total of the folder, the parts, the counters of the project and its owner,
            // and the events.
            let completed = try await counter.count { try await fixture.complete(upload, size: 12, in: store) }
            #expect(completed == [4, 7])
        }
    }

    @Test("a quota waits only for the counters that it limits")
    func limited() async throws {
        try await withCountedStore { store, fixture, counter in
            _ = try await store.setQuota(QuotaChange(bytes: .limit(100)), of: .project(fixture.project.id))
            let upload = fixture.sized(12)
            // The project's counters are changed and then read. On PostgreSQL, this takes one round trip.
            let started = try await counter.count { try await store.addUpload(upload) }
            #expect(started == [2, 4])
            _ = try await store.beginCompletion(of: upload.id)
            // The file is not larger than the upload's reservation, so its quota is not checked again.
            let completed = try await counter.count { try await fixture.complete(upload, size: 12, in: store) }
            #expect(completed == [4, 7])
        }
    }

    @Test("recording the events of 100 files takes five statements, and none without the event log")
    func events() async throws {
        try await withCountedStore { store, fixture, counter in
            let files = (0..<100).map { fixture.put("a\($0)") }
            let recorded = try await counter.count {
                try await store.addFiles(files, by: "ada", onConflict: .fail, leaseID: nil)
            }
            var silent = store
            silent.recordsEvents = false
            let others = (0..<100).map { fixture.put("b\($0)") }
            let unrecorded = try await counter.count {
                try await silent.addFiles(others, by: "ada", onConflict: .fail, leaseID: nil)
            }
            #expect(recorded == [unrecorded[0], unrecorded[1] + 5])
            let events = try await store.allEvents(for: fixture.user.name)
            #expect(events.count { $0.type == "file.created" } == 100)
        }
    }

    @Test("a job reads the entries of a folder once, not again after each of its subfolders")
    func siblings() async throws {
        try await withCountedStore { store, fixture, counter in
            let few = try await rowsRead(byDeleting: 90, store, fixture, counter)
            let many = try await rowsRead(byDeleting: 180, store, fixture, counter)
            // Twice as many folders take about twice as many rows. Reading all entries again each time would take four
            // times as many.
            #expect(many < 5 * few / 2, "\(few), \(many)")
        }
    }

    /// Deletes a folder with `count` subfolders in a job.
    ///
    /// Returns the number of rows that the job's queries returned.
    private func rowsRead(
        byDeleting count: Int,
        _ store: SQLMetadataStore,
        _ fixture: MetadataFixture,
        _ counter: CountingDriver
    ) async throws -> Int {
        let (now, outer) = (MetadataFixture.time, fixture.folder("\(count)"))
        try await store.addFolder(outer)
        for number in 0..<count { try await store.addFolder(fixture.folder("\(number)", in: outer.id)) }
        let job = FileJob(id: "\(count)", kind: .delete, userName: fixture.user.name, tokenID: nil, createdOn: now)
        try await store.addFileJob(job, [FileJobItem(file: outer.id)])
        let leases = LeaseRenewer(duration: nil, now: { now })
        let lease = leases.new()
        #expect(try await store.leaseFileJob(lease, now: now)?.id == job.id)
        let reports = FileJobReports(audit: nil, now: { now })
        var run = FileJobRun(job, leaseID: lease.id, leases: leases, metadata: store, reports: reports)
        let before = counter.rows
        while try await run.advance() {}
        #expect(try await store.file(outer.id) == nil, "the job has deleted the folder")
        return counter.rows - before
    }

    private func withCountedStore(
        _ body: @Sendable (SQLMetadataStore, MetadataFixture, CountingDriver) async throws -> Void
    ) async throws {
        try await withDriver(.sqlite) { driver in
            let counter = CountingDriver(driver: driver)
            let store = try await SQLMetadataStore(driver: counter)
            try await body(store, try await MetadataFixture(in: store), counter)
        }
    }
}

/// A driver that counts statements, and the rows that queries return.
private struct CountingDriver: SQLDriver {
    final class Counts: Sendable {
        /// Number of statements whose results were awaited, and number of statements that were only queued.
        let numbers = Mutex([0, 0])
        /// Number of rows that queries have returned so far.
        let rows = Mutex(0)
    }

    let driver: any SQLDriver
    private let counts = Counts()

    init(driver: any SQLDriver) { self.driver = driver }

    /// Number of rows that queries have returned so far.
    var rows: Int { counts.rows.withLock { $0 } }

    /// Returns two numbers: how many statements a call awaited, and how many it only queued.
    func count<Value>(_ call: () async throws -> Value) async throws -> [Int] {
        counts.numbers.withLock { $0 = [0, 0] }
        _ = try await call()
        return counts.numbers.withLock { $0 }
    }

    var dialect: SQLDialect { driver.dialect }

    func ping(within limit: Duration) async throws { try await driver.ping(within: limit) }

    func close() async throws { try await driver.close() }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let counts = counts
        return try await driver.read { try body(Connection(connection: $0, counts: counts)) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let counts = counts
        return try await driver.write { try body(Connection(connection: $0, counts: counts)) }
    }

    private struct Connection: SQLConnection {
        let connection: any SQLConnection
        var counterShard: Int { connection.counterShard }
        let counts: Counts

        func query(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws -> [SQLRow] {
            counts.numbers.withLock { $0[0] += 1 }
            let rows = try connection.query(statement, values: values, lock: lock)
            counts.rows.withLock { $0 += rows.count }
            return rows
        }

        func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int {
            counts.numbers.withLock { $0[0] += 1 }
            return try connection.execute(statement, values: values)
        }

        func enqueue(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws {
            counts.numbers.withLock { $0[1] += 1 }
            try connection.enqueue(statement, values: values, lock: lock)
        }
    }
}
