import Foundation
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Synchronization
import Testing

@Suite("SQLite store")
struct SQLiteStoreTests {
    @Test("keeps committed data after reopening")
    func reopening() async throws {
        try await withDatabasePath { path in
            let first = try await SQLMetadataStore.open(SQLiteSettings(path: path))
            let fixture = try await MetadataFixture(in: first)
            let upload = fixture.upload()
            try await first.addUpload(upload)
            let part = try MetadataFixture.part(1)
            _ = try await first.recordPart(part, of: upload.id)
            try await first.close()

            let second = try await SQLMetadataStore.open(SQLiteSettings(path: path))
            #expect(try await second.user(named: "ada") == fixture.user)
            #expect(try await second.upload(upload.id) == upload)
            #expect(try await second.parts(of: upload.id) == [part])
            try await second.close()
        }
    }

    @Test("can be shared by two stores, which see each other's writes")
    func sharing() async throws {
        try await withDatabasePath { path in
            let first = try await SQLMetadataStore.open(SQLiteSettings(path: path, durability: .os))
            let second = try await SQLMetadataStore.open(SQLiteSettings(path: path, durability: .os))
            let fixture = try await MetadataFixture(in: first)
            let upload = fixture.upload()
            try await second.addUpload(upload)
            #expect(try await first.upload(upload.id) == upload)
            let replaced = try await concurrently(200) { index in
                try await (index.isMultiple(of: 2) ? first : second)
                    .recordPart(try MetadataFixture.part(index + 1), of: upload.id)
            }
            #expect(replaced.allSatisfy { $0 == nil })
            #expect(try await first.parts(of: upload.id).count == 200)
            let wins = try await concurrently(32) { index in
                try await (index.isMultiple(of: 2) ? first : second).beginCompletion(of: upload.id)
            }
            #expect(wins.count { $0 } == 1)
            try await first.close()
            try await second.close()
        }
    }

    @Test("can be created by several stores concurrently")
    func openingAtOnce() async throws {
        try await withDatabasePath { path in
            let stores = try await concurrently(6) { _ in
                try await SQLMetadataStore.open(SQLiteSettings(path: path))
            }
            try await stores[0].addUser(User(name: "ada", createdOn: MetadataFixture.time))
            for store in stores {
                #expect(try await !store.isEmpty())
                try await store.close()
            }
        }
    }

    @Test("refuses writes while its file is moved away, removed or replaced", arguments: [false, true])
    func displaced(isReplaced: Bool) async throws {
        try await withDatabasePath { path in
            let store = try await SQLMetadataStore.open(SQLiteSettings(path: path))
            try await store.ping()
            try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
            if isReplaced { try Data().write(to: URL(fileURLWithPath: path)) }
            let user = User(name: "ada", createdOn: MetadataFixture.time)
            await #expect(throws: (any Error).self) { try await store.addUser(user) }
            await #expect(throws: (any Error).self) { try await store.ping() }
            if isReplaced { try FileManager.default.removeItem(atPath: path) }
            try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
            try await store.ping()
            try await store.addUser(user)
            #expect(try await store.user(named: "ada") == user)
            try await store.close()
        }
    }

    /// The state that concurrent reads share.
    private final class ReadProgress: Sendable {
        let started = Mutex(0)
        let isDone = Mutex(false)
    }

    @Test("lets other low-priority tasks run between the reads of a long task")
    func turns() async throws {
        try await withSQLiteDriver { driver in
            let store = try await SQLMetadataStore(driver: driver)
            let progress = ReadProgress()
            let deadline = ContinuousClock.now + .seconds(60)
            let readsInTime = try await withThrowingTaskGroup(of: Bool.self) { group in
                // At least as many readers as the executor has threads.
                for _ in 0..<max(2, ProcessInfo.processInfo.activeProcessorCount) {
                    group.addTask(executorPreference: LowPriorityExecutor.shared) {
                        while !progress.isDone.withLock({ $0 }) {
                            _ = try await store.isEmpty()
                            if ContinuousClock.now > deadline { return false }
                        }
                        return true
                    }
                }
                group.addTask(executorPreference: LowPriorityExecutor.shared) {
                    progress.isDone.withLock { $0 = true }
                    return true
                }
                return try await group.reduce(true) { $0 && $1 }
            }
            #expect(readsInTime, "the readers occupied all threads")
        }
    }

    @Test("slow reads of one user leave a low-priority thread for other users")
    func readsOfOneUser() async throws {
        try await withSQLiteDriver { driver in
            let progress = ReadProgress()
            let deadline = ContinuousClock.now + .seconds(60)
            let readsInTime = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<(LowPriorityExecutor.threadCount * 2) {
                    group.addTask(executorPreference: LowPriorityExecutor.shared) {
                        try await EventActor.$current.withValue("ada") {
                            try await driver.read { _ in
                                progress.started.withLock { $0 += 1 }
                                while !progress.isDone.withLock({ $0 }) {
                                    if ContinuousClock.now > deadline { return false }
                                }
                                return true
                            }
                        }
                    }
                }
                try await eventually("reads have started") {
                    progress.started.withLock { $0 } >= LowPriorityExecutor.threadCount - 1
                }
                group.addTask(executorPreference: LowPriorityExecutor.shared) {
                    try await EventActor.$current.withValue("ben") {
                        try await driver.read { _ in progress.isDone.withLock { $0 = true } }
                        return true
                    }
                }
                return try await group.reduce(true) { $0 && $1 }
            }
            #expect(readsInTime, "the reads of one user occupied all threads")
        }
    }

    @Test("is readable by its owner only")
    func fileMode() async throws {
        try await withDatabasePath { path in
            let store = try await SQLMetadataStore.open(SQLiteSettings(path: path))
            for suffix in ["", "-wal", "-shm"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
                #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
            }
            try await store.close()
        }
    }

    @Test("is rejected when a newer version has migrated it")
    func newerVersion() async throws {
        try await withDatabasePath { path in
            let driver = try await SQLiteDriver.open(SQLiteSettings(path: path))
            _ = try await SQLMetadataStore(driver: driver)
            _ = try await driver.write { connection in
                try connection.execute(
                    "INSERT INTO schema_migrations (name, applied_on) VALUES ('9999', 0)",
                    values: []
                )
            }
            await #expect(throws: UnknownMigrations.self) { try await SQLMetadataStore(driver: driver) }
            try await driver.close()
        }
    }

    @Test("a read that takes too long fails, and the database stays usable")
    func slowRead() async throws {
        try await withDatabasePath { path in
            let settings = SQLiteSettings(path: path, durability: .os, readTimeout: .milliseconds(200))
            let driver = try await SQLiteDriver.open(settings)
            let count: SQLStatement = """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)
                SELECT COUNT(*) AS total FROM n
                """
            // There are more reads than connections.
            try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask {
                        let error = await #expect(throws: SQLError.self) {
                            try await driver.read { _ = try $0.query(count, values: [], lock: nil) }
                        }
                        #expect(error?.kind == .busy)
                    }
                }
                try await group.waitForAll()
            }
            let short: SQLStatement = "SELECT 1 AS total"
            #expect(try await driver.read { try $0.query(short, values: [], lock: nil).count } == 1)
            // The timeout of reads does not apply to writes.
            let slow: SQLStatement = """
                WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000)
                SELECT COUNT(*) AS total FROM n
                """
            #expect(try await driver.write { try $0.query(slow, values: [], lock: nil).count } == 1)
            try await driver.close()
        }
    }

    @Test("must be an SQLite file in an existing folder")
    func unusableFiles() async throws {
        try await withDatabasePath { path in
            try Data(repeating: 7, count: 4096).write(to: URL(filePath: path))
            await #expect(throws: (any Error).self) { try await SQLMetadataStore.open(SQLiteSettings(path: path)) }
            let nowhere = SQLiteSettings(path: path + ".d/metadata.sqlite")
            await #expect(throws: (any Error).self) { try await SQLMetadataStore.open(nowhere) }
        }
    }

    @Test("fails after closing, and can be closed twice")
    func closing() async throws {
        try await withDatabasePath { path in
            let store = try await SQLMetadataStore.open(SQLiteSettings(path: path))
            try await store.close()
            await #expect(throws: SQLError.self) { try await store.isEmpty() }
            await #expect(throws: SQLError.self) {
                try await store.addUser(User(name: "ada", createdOn: MetadataFixture.time))
            }
            try await store.close()
        }
    }

    @Test("performs no write if the parts to delete do not exist")
    func forgettingNothing() async throws {
        try await withSQLiteDriver { driver in
            let store = try await SQLMetadataStore(driver: driver)
            let upload = try await MetadataFixture(in: store).upload()
            try await store.addUpload(upload)
            let number = try PartNumber(2)
            for part in try (1...2).map({ try MetadataFixture.part($0, etag: "a") }) {
                _ = try await store.recordPart(part, of: upload.id)
                let report = PartReport(number: part.number, etag: "a")
                if part.number != number { _ = try await store.reportParts([report], of: upload.id) }
            }
            #expect(try await store.forgetPart(number, of: upload.id)?.number == number)
            _ = try await store.recordPart(try MetadataFixture.part(2), of: upload.id)
            let lease = Lease(id: "a", expiresOn: MetadataFixture.time.addingTimeInterval(30))
            _ = try await store.acquireCompletionLease(of: upload.id, lease, now: MetadataFixture.time)
            #expect(try await store.forgetUnreportedParts(of: upload.id).map(\.number) == [number])
            let before = driver.statistics
            #expect(try await store.forgetUnreportedParts(of: upload.id) == [])
            _ = try await store.releaseCompletionLease(of: upload.id, leaseID: "a")
            let moved = driver.statistics
            #expect(moved.writes - before.writes == 1, "only the release of the lease is written")
            #expect(try await store.forgetPart(number, of: upload.id) == nil)
            #expect(driver.statistics == moved)
        }
    }

    @Test("rejects text that it would truncate")
    func zeroCharacter() async throws {
        try await withSQLiteStore { store in
            let fixture = try await MetadataFixture(in: store)
            try await expectRefusal(.badRequest) { try await store.addFolder(fixture.folder("a\u{0}b")) }
            #expect(try await store.file(named: "a", in: fixture.root) == nil)
        }
    }

    @Test("applies the durability setting", arguments: [(.full, 2), (.os, 1)] as [(SQLiteSettings.Durability, Int64)])
    func synchronous(durability: SQLiteSettings.Durability, expected: Int64) async throws {
        try await withSQLiteDriver(durability) { driver in
            let level = try await driver.write { connection in
                try connection.query("PRAGMA synchronous", values: [], lock: nil).first?.integer("synchronous")
            }
            #expect(level == expected)
        }
    }

    @Test("reports storageFull on a full disk and stays usable")
    func fullDatabase() async throws {
        try await withSQLiteDriver { driver in
            let store = try await SQLMetadataStore(driver: driver)
            let fixture = try await MetadataFixture(in: store)
            let upload = fixture.upload()
            try await store.addUpload(upload)
            _ = try await driver.write { try $0.execute("PRAGMA max_page_count = 1", values: []) }
            let long = String(repeating: "x", count: 100_000)
            try await expectRefusal(.storageFull) {
                try await store.recordPart(try MetadataFixture.part(1, etag: long), of: upload.id)
            }
            #expect(try await store.parts(of: upload.id) == [])
            _ = try await driver.write { try $0.execute("PRAGMA max_page_count = 1000000", values: []) }
            _ = try await store.recordPart(try MetadataFixture.part(1, etag: long), of: upload.id)
            #expect(try await store.parts(of: upload.id).count == 1)
        }
    }
}
