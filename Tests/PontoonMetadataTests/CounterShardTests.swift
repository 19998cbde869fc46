import PontoonCore
import PontoonPostgreSQL
import PontoonTesting
import Testing

@testable import PontoonMetadata

@Suite("Shards of counters", .timeLimit(.minutes(10)))
struct CounterShardTests {
    @Test("concurrent transactions get different shards, and successive ones get the same shard")
    func assignment() {
        let shards = CounterShards(first: 14)
        #expect(shards.acquire() == 14)
        shards.release(14)
        let all = (0..<CounterShards.count).map { _ in shards.acquire() }
        #expect(all == [14, 15] + (0..<14))
        #expect(shards.acquire() == 14 && shards.acquire() == 15)
        shards.release(3)
        #expect(shards.acquire() == 3)
    }

    @Test("the migration preserves the values, and later changes build on them", arguments: TestDatabase.all)
    func migration(_ database: TestDatabase) async throws {
        try await withDriver(database) { driver in
            try await Self.fillPreviousVersion(driver)
            let store = try await SQLMetadataStore(driver: driver)
            let (root, project) = ("0123456789abcdef01234567", try #require(ProjectID("ada/reads")))
            let nothing = Page(offset: 0, limit: 0)
            #expect(try await store.files(in: root, filter: FileFilter(), window: .page(nothing)).total == 7)
            #expect(try await store.uploads(of: "ada", page: nothing).total == 3)
            #expect(try await store.projects(for: "ada", matching: ProjectFilter(), page: nothing).total == 2)
            let usage = Usage(storedBytes: 50, reservedBytes: 9, files: 7, openUploads: 3)
            #expect(try await store.usage(of: .project(project))?.usage == usage)
            #expect(try await store.usage(of: .user("ada"))?.usage == usage)
            let upload = Upload(
                id: "new",
                userName: "ada",
                destination: .folder(id: root, project: project, wasGivenByFolder: false),
                name: "new",
                size: 1,
                partSize: 5,
                md5: nil,
                rule: .fail,
                key: .random(),
                initiatedOn: MetadataFixture.time
            )
            try await store.addUpload(upload)
            #expect(try await store.uploads(of: "ada", page: nothing).total == 4)
            let later = Usage(storedBytes: 50, reservedBytes: 10, files: 7, openUploads: 4)
            #expect(try await store.usage(of: .user("ada"))?.usage == later)
        }
    }

    /// Fills the tables of the version before the migration with a user, a project and counters with arbitrary values.
    private static func fillPreviousVersion(_ driver: some SQLDriver) async throws {
        let earlier = try #require(Migration.all.firstIndex { $0.name == "0015-counter-shards" })
        try await Migrator.migrate(driver, Array(Migration.all.prefix(earlier)))
        let rows: [SQLStatement] = [
            "INSERT INTO users (name, created_on) VALUES ('ada', 0)",
            """
            INSERT INTO projects VALUES ('ada/reads', 'u', 'ada', 'Reads', 'reads', '', '{}', 'b',
                '0123456789abcdef01234567', 'ada', 0, 0)
            """,
            "INSERT INTO files VALUES ('0123456789abcdef01234567', 'ada/reads', NULL, '', 'folder', NULL, 0, 0)",
            "INSERT INTO folder_totals VALUES ('0123456789abcdef01234567', 7)",
            "INSERT INTO user_totals VALUES ('ada', 2, 3)",
            "INSERT INTO project_usage VALUES ('ada/reads', 50, 9, 7, 3)",
            "INSERT INTO user_usage VALUES ('ada', 50, 9, 7, 3)",
        ]
        try await driver.write { connection in
            for row in rows { try connection.execute(row) }
        }
    }

    #if PostgreSQL
    @Test(
        "an upload does not wait for another transaction that changes its user's, folder's and project's counters",
        .tags(.needsPostgreSQL),
        .enabled(if: TestTools.areEnginesAllowed)
    )
    func uploadsDoNotWait() async throws {
        try await withStore { store in
            let ada = try await MetadataFixture(in: store)
            try await whileCountersAreLocked(in: store, ada, change: Usage(reservedBytes: 1, openUploads: 1)) {
                try await ada.addFile(of: 10, to: store)
                let file = try await ada.addFile(of: 5, to: store)
                _ = try await store.copyFile(file.id, as: ada.copy("copy"))
                _ = try await store.deleteFile(file.id)
            }
            let usage = Usage(storedBytes: 15, reservedBytes: 1, files: 2, openUploads: 1)
            try await ada.expectUsage(usage, in: store)
            // The total includes the entry and the upload that only the open transaction has counted.
            let nothing = Page(offset: 0, limit: 0)
            #expect(try await store.files(in: ada.root, filter: FileFilter(), window: .page(nothing)).total == 3)
            #expect(try await store.uploads(of: "ada", page: nothing).total == 1)
            for table in ["user_totals", "folder_totals", "project_usage", "user_usage"] {
                #expect(try await Self.shards(of: table, store).count > 1, "\(table)")
            }
        }
    }

    @Test(
        "copies in an SQLite database have the same sums, and later changes build on them",
        .tags(.needsPostgreSQL),
        .enabled(if: TestTools.areEnginesAllowed)
    )
    func copies() async throws {
        try await withStore { store in
            let ada = try await MetadataFixture(in: store)
            let file = try await ada.addFile(of: 10, to: store)
            try await whileCountersAreLocked(in: store, ada, change: Usage(storedBytes: 1, files: 1)) {
                try await ada.addFile(of: 5, to: store)
            }
            #expect(try await Self.shards(of: "project_usage", store).count > 1)
            let usage = Usage(storedBytes: 16, files: 3)
            try await ada.expectUsage(usage, in: store)
            try await withSQLiteStore { target in
                try await MetadataCopy(from: store, to: target, withOpenUploads: true).run { _, _ in }
                try await ada.expectUsage(usage, in: target)
                #expect(try await target.deleteFile(file.id))
                try await ada.expectUsage(Usage(storedBytes: 6, files: 2), in: target)
                try await ada.addFile(of: 7, to: target)
                try await ada.expectUsage(Usage(storedBytes: 13, files: 3), in: target)
                let nothing = Page(offset: 0, limit: 0)
                let list = try await target.files(in: ada.root, filter: FileFilter(), window: .page(nothing))
                // The total includes the entry that only the open transaction has counted.
                #expect(list.total == 3)
            }
        }
    }

    @Test(
        "changes of many bytes use shard 0, so that no shard moves far from zero",
        .tags(.needsPostgreSQL),
        .enabled(if: TestTools.areEnginesAllowed)
    )
    func largeChanges() async throws {
        try await withStore { store in
            let ada = try await MetadataFixture(in: store)
            let change = { @Sendable in
                try await whileCountersAreLocked(in: store, ada, change: Usage(files: 1)) {
                    for size in [5 << 40, 2 << 30] as [Int64] {
                        let upload = ada.sized(size)
                        try await store.addUpload(upload)
                        _ = try await store.abortUpload(upload.id)
                        try await ada.addFile(of: size, to: store)
                    }
                }
            }
            // The transaction that locks counters must not use shard 0. If it would, another open transaction occupies
            // shard 0 first.
            if try await store.driver.write({ $0.counterShard }) == 0 {
                try await whileTransactionIsOpen(in: store, change)
            } else {
                try await change()
            }
            for table in ["project_usage", "user_usage"] {
                let shards = try await Self.shards(of: table, store, where: "stored_bytes <> 0 OR reserved_bytes <> 0")
                #expect(shards == [0], "\(table)")
            }
        }
    }

    @Test(
        "concurrent changes of all kinds cause hardly any deadlocks",
        .tags(.needsPostgreSQL),
        .enabled(if: TestTools.areEnginesAllowed)
    )
    func noDeadlock() async throws {
        try await withPostgreSQLDriver { driver in
            let store = try await SQLMetadataStore(driver: driver)
            let ada = try await MetadataFixture(in: store)
            let bob = try await MetadataFixture(in: store, user: "bob")
            _ = try await store.setQuota(QuotaChange(bytes: .limit(1000)), of: .user("bob"))
            _ = try await concurrently(200) { index in
                let fixture = index % 3 == 0 ? bob : ada
                let upload = fixture.sized(index % 5 == 0 ? nil : 2, "name\(index % 7)", overwrite: true)
                try await store.addUpload(upload)
                _ = try await store.recordPart(try MetadataFixture.part(1, size: 2), of: upload.id)
                if index % 4 == 1 { return _ = try await store.abortUpload(upload.id) }
                _ = try await store.beginCompletion(of: upload.id)
                let file = try await fixture.complete(upload, size: 2, in: store)
                _ = try await store.copyFile(file.id, as: fixture.copy("copy\(index)"))
                if index % 4 == 2 { _ = try await store.deleteFile(file.id) }
                if index % 20 == 3 { try await Self.breakAndRepair(fixture, store) }
            }
            // The driver retries transactions that were in a deadlock. If locks were taken in the wrong order, there
            // would be dozens; a single one is possible when a transaction is the first to use a shard. Transactions
            // that are retried for other reasons, which depend on the machine, do not count.
            #expect(try await Self.deadlocks(driver) < 50)
            for subject in [.project(ada.project.id), .project(bob.project.id), .user("ada"), .user("bob")]
                as [UsageSubject]
            {
                let recount = try #require(try await store.recount(subject))
                #expect(recount.isCorrect && recount.counted.files > 0, "\(subject): \(recount)")
            }
            for fixture in [ada, bob] {
                let window = FileWindow.after(nil, limit: 1000)
                let list = try await store.files(in: fixture.root, filter: FileFilter(), window: window)
                #expect(list.total == list.items.count)
            }
        }
    }

    /// Returns the number of deadlocks that PostgreSQL has detected in the database.
    private static func deadlocks(_ driver: PostgreSQLDriver) async throws -> Int64 {
        try await driver.read { connection in
            let select: SQLStatement = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            return try #require(try connection.query(select).first).integer("deadlocks")
        }
    }

    private static func breakAndRepair(_ fixture: MetadataFixture, _ store: SQLMetadataStore) async throws {
        let id = fixture.project.id
        try await store.driver.write { connection in
            _ = try connection.execute("UPDATE project_usage SET files = files + 1 WHERE project_id = $1", [id])
        }
        _ = try await store.repairUsage(of: .project(id))
    }

    @Test(
        "counters are exact after a repair during uploads",
        .tags(.needsPostgreSQL),
        .enabled(if: TestTools.areEnginesAllowed)
    )
    func repairUnderLoad() async throws {
        try await withStore { store in
            let ada = try await MetadataFixture(in: store)
            try await ada.addFile(of: 10, to: store)
            for round in 1...5 {
                try await store.driver.write { connection in
                    try connection.execute("UPDATE project_usage SET files = files + 7, reserved_bytes = 3")
                    _ = try connection.execute("UPDATE user_usage SET stored_bytes = stored_bytes + 5")
                }
                _ = try await concurrently(40) { index in
                    if index == 20 {
                        let recount = try await store.repairUsage(of: .project(ada.project.id))
                        #expect(recount?.isCorrect == false, "round \(round)")
                        return
                    }
                    let upload = ada.sized(4)
                    try await store.addUpload(upload)
                    if index % 3 == 0 { return _ = try await store.abortUpload(upload.id) }
                    _ = try await store.beginCompletion(of: upload.id)
                    _ = try await ada.complete(upload, size: 4, in: store)
                }
                #expect(try await store.recount(.project(ada.project.id))?.isCorrect == true, "round \(round)")
                #expect(try await store.recount(.user("ada"))?.isCorrect == false, "round \(round)")
                _ = try await concurrently(20) { index in
                    if index == 10 { return _ = try await store.repairUsage(of: .user("ada")) }
                    try await ada.addFile(of: 4, to: store)
                }
                #expect(try await store.recount(.user("ada"))?.isCorrect == true, "round \(round)")
            }
        }
    }

    @Test(
        "the migration loses no change by a server of the previous version that is still running",
        .tags(.needsPostgreSQL),
        .enabled(if: TestTools.areEnginesAllowed)
    )
    func migrationUnderLoad() async throws {
        try await withDrivers(2, to: .postgreSQL) { drivers in
            let (older, newer) = (drivers[0], drivers[1])
            try await Self.fillPreviousVersion(older)
            let results = try await concurrently(9) { index -> Int64 in
                if index == 4 {
                    _ = try await SQLMetadataStore(driver: newer)
                    return 0
                }
                var counted: Int64 = 0
                while true {
                    do {
                        try await older.write { connection in
                            _ = try connection.execute(
                                """
                                INSERT INTO folder_totals VALUES ('0123456789abcdef01234567', 1)
                                ON CONFLICT (folder_id)
                                DO UPDATE SET entries = folder_totals.entries + excluded.entries
                                """
                            )
                        }
                        counted += 1
                    } catch let error as SQLError where error.kind == .other {
                        // The statement failed because the migration has added a column to the primary key.
                        return counted
                    }
                }
            }
            let entries = try await newer.read { connection in
                try connection.query("SELECT entries FROM folder_totals").map { try $0.integer("entries") }
            }
            #expect(entries == [7 + results.reduce(0, +)])
        }
    }

    /// Runs a test with the store of one server, whose transactions share a connection pool.
    private func withStore(_ body: @Sendable (SQLMetadataStore) async throws -> Void) async throws {
        try await withPostgreSQLDriver { try await body(try await SQLMetadataStore(driver: $0)) }
    }

    /// Runs `body` while another transaction has changed the counters of the user, the root folder and the project, and
    /// has not committed yet.
    private func whileCountersAreLocked(
        in store: SQLMetadataStore,
        _ fixture: MetadataFixture,
        change: Usage,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let account = UsageAccount(project: fixture.project.id, owner: fixture.user.name)
        let start = { @Sendable (connection: any SQLConnection) in
            try connection.add(openUploads: [fixture.user.name: 1])
            try connection.add(entries: [fixture.root: 1])
            try connection.add(change, to: account)
        }
        try await whileTransactionIsOpen(in: store, startingWith: start, body)
    }

    private static func shards(
        of table: String,
        _ store: SQLMetadataStore,
        where condition: String = "1 = 1"
    ) async throws -> [Int64] {
        try await store.driver.read { connection in
            let select = "SELECT shard FROM \(table) WHERE \(condition) ORDER BY shard"
            return try connection.query(SQLStatement(constant: select)).map { try $0.integer("shard") }
        }
    }
    #endif
}
