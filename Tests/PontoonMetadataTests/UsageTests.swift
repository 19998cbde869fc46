import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonMetadata

@Suite("Usage and quotas")
struct UsageTests {
    @Test("after any sequence of changes, the counters equal a recount", arguments: TestDatabase.all)
    func randomChanges(_ database: TestDatabase) async throws {
        try await withStore(in: database) { store in
            var changes = try await RandomChanges(in: store, seed: 20_261_128)
            for step in 1...250 {
                let change = try await changes.next()
                try await changes.check("step \(step): \(change)")
            }
            #expect(changes.performed.count == RandomChanges.Change.allCases.count, "\(changes.performed)")
        }
    }

    @Test("of many uploads started on two servers, exactly those that fit are accepted", arguments: TestDatabase.all)
    func raceForTheLastByte(_ database: TestDatabase) async throws {
        try await withStores(2, in: database) { stores in
            let fixture = try await MetadataFixture(in: stores[0])
            _ = try await stores[0].setQuota(QuotaChange(bytes: .limit(1000)), of: .user("ada"))
            let second = MetadataFixture.project(ProjectID(owner: "ada", shortName: "second"))
            _ = try await stores[0].addProject(second)
            let accepted = try await concurrently(60) { index in
                do {
                    try await stores[index % 2].addUpload(fixture.sized(30))
                    return 1
                } catch let error as PontoonError where error.code == .quotaExceeded {
                    return 0
                }
            }
            #expect(accepted.reduce(0, +) == 33)
            let usage = try await stores[1].usage(of: .user("ada"))?.usage
            #expect(usage == Usage(reservedBytes: 990, openUploads: 33))
        }
    }

    @Test("quotas on files and unfinished uploads are exact", arguments: TestDatabase.all, [false, true])
    func raceForTheLastFile(_ database: TestDatabase, _ isOfUser: Bool) async throws {
        try await withStores(3, in: database) { stores in
            let ada = try await MetadataFixture(in: stores[0])
            let subject: UsageSubject = isOfUser ? .user("ada") : .project(ada.project.id)
            let quota = isOfUser ? QuotaChange(files: .limit(20)) : QuotaChange(openUploads: .limit(20))
            _ = try await stores[0].setQuota(quota, of: subject)
            let accepted = try await concurrently(32) { index in
                let upload = ada.sized(1)
                do {
                    try await stores[index % 3].addUpload(upload)
                    return 1
                } catch let error as PontoonError where error.code == .quotaExceeded {
                    return 0
                }
            }
            #expect(accepted.reduce(0, +) == 20)
            try await ada.expectUsage(Usage(reservedBytes: 20, openUploads: 20), in: stores[1])
        }
    }

    @Test("concurrent changes of all kinds on two servers leave correct counters", arguments: TestDatabase.all)
    func concurrentChanges(_ database: TestDatabase) async throws {
        try await withStores(2, in: database) { stores in
            let ada = try await MetadataFixture(in: stores[0])
            let bob = try await MetadataFixture(in: stores[0], user: "bob")
            try await stores[0].addUser(User(name: "cyd", createdOn: MetadataFixture.time))
            _ = try await concurrently(48) { index in
                let store = stores[index % 2]
                let fixture = index % 3 == 0 ? bob : ada
                let upload = fixture.sized(index % 5 == 0 ? nil : 8, "name\(index % 7)", overwrite: true)
                do {
                    try await store.addUpload(upload)
                    _ = try await store.recordPart(try MetadataFixture.part(1, size: 8), of: upload.id)
                    if index % 4 == 1 { return _ = try await store.abortUpload(upload.id) }
                    if index == 24 { _ = try await store.removeUser("bob", givingProjectsTo: "cyd") }
                    _ = try await store.beginCompletion(of: upload.id)
                    let file = try await fixture.complete(upload, size: 8, in: store)
                    _ = try await store.copyFile(file.id, as: fixture.copy("copy\(index)"))
                    if index % 4 == 2 { _ = try await store.deleteFile(file.id) }
                } catch is ContractViolation where fixture.user.name == "bob" {
                    // Bob's uploads were removed with him.
                } catch let error as PontoonError where fixture.user.name == "bob" && error.code == .uploadNotFound {
                } catch let error as SQLError where fixture.user.name == "bob" && error.kind == .foreignKeyViolation {
                    // Bob can no longer start uploads.
                }
            }
            for subject in [.project(ada.project.id), .project(bob.project.id), .user("ada"), .user("cyd")]
                as [UsageSubject]
            {
                let recount = try #require(try await stores[0].recount(subject))
                #expect(recount.isCorrect, "\(subject): \(recount)")
            }
            #expect(try await stores[0].recount(.user("bob")) == nil)
        }
    }

    @Test("incorrect counters are found and repaired", arguments: TestDatabase.all)
    func repair(_ database: TestDatabase) async throws {
        try await withStore(in: database) { store in
            let ada = try await MetadataFixture(in: store)
            let bob = try await MetadataFixture(in: store, user: "bob")
            try await ada.addFile(of: 10, to: store)
            try await ada.addFile(of: 3, to: store)
            try await store.addUpload(ada.sized(5))
            try await bob.addFile(of: 7, to: store)
            let clean = try await UsageCheck(of: store, repairs: false).run { Issue.record("\($0)") }
            #expect(clean.isClean && clean.compared == 4 && clean.wrong == 0)

            try await store.driver.write { connection in
                try connection.execute("UPDATE project_usage SET stored_bytes = 12 WHERE project_id = 'ada/reads'")
                try connection.execute("DELETE FROM project_usage WHERE project_id = 'bob/reads'")
                try connection.execute("UPDATE user_usage SET open_uploads = 7 WHERE user_name = 'bob'")
            }
            var found: [String] = []
            let wrong = try await UsageCheck(of: store, repairs: false).run { found.append("\($0.subject)") }
            #expect(!wrong.isClean && wrong.wrong == 4 && wrong.repaired == 0)
            #expect(found.count == 4)
            let repaired = try await UsageCheck(of: store, repairs: true).run { _ in }
            // Once the counters of Bob's project are correct, so are the stored bytes of its owner.
            #expect(repaired.isClean && repaired.wrong == repaired.repaired)
            try await ada.expectUsage(
                Usage(storedBytes: 13, reservedBytes: 5, files: 2, openUploads: 1),
                in: store
            )
            try await bob.expectUsage(Usage(storedBytes: 7, files: 1), in: store)
            #expect(try await UsageCheck(of: store, repairs: false).run { _ in }.wrong == 0)
        }
    }

    @Test("backups and migrated databases have correct counters and the same quotas", arguments: TestDatabase.all)
    func copies(_ database: TestDatabase) async throws {
        try await withStore(in: database) { store in
            let ada = try await MetadataFixture(in: store)
            try await ada.addFile(of: 10, to: store)
            try await store.addUpload(ada.sized(5))
            _ = try await store.setQuota(QuotaChange(bytes: .limit(20)), of: .user("ada"))
            _ = try await store.setQuota(QuotaChange(files: .limit(3)), of: .project(ada.project.id))
            _ = try await store.setIfAbsent("me", for: .identity)
            try await withDatabasePath { path in
                let backup = try await store.copySnapshot(to: path, objects: "here", keepsDiscarded: false)
                try await Self.expect(Usage(storedBytes: 10, files: 1), in: backup)
                try await backup.close()
            }
            for withOpenUploads in [false, true] {
                try await withStore(in: .sqlite) { target in
                    let copy = MetadataCopy(from: store, to: target, withOpenUploads: withOpenUploads)
                    try await copy.run { _, _ in }
                    let open = withOpenUploads ? Usage(reservedBytes: 5, openUploads: 1) : Usage()
                    try await Self.expect(Usage(storedBytes: 10, files: 1) + open, in: target)
                }
            }
        }
    }

    private static func expect(_ usage: Usage, in copy: SQLMetadataStore) async throws {
        #expect(try await UsageCheck(of: copy, repairs: false).run { _ in }.isClean)
        #expect(try await copy.usage(of: .user("ada")) == UsageReport(usage: usage, quota: Quota(bytes: 20)))
        let project = try #require(ProjectID("ada/reads"))
        #expect(try await copy.usage(of: .project(project))?.quota == Quota(files: 3))
    }

    @Test("the settings limit users and projects without individual limits", arguments: TestDatabase.all)
    func defaults(_ database: TestDatabase) async throws {
        try await withStore(in: database) { store in
            var store = store
            let ada = try await MetadataFixture(in: store)
            store.defaultQuotas = DefaultQuotas(userBytes: 20, projectBytes: 10)
            #expect(try await store.usage(of: .user("ada"))?.quota == Quota(bytes: 20))
            #expect(try await store.usages(ofUsersAfter: nil, limit: 1).first?.report.quota == Quota(bytes: 20))
            #expect(try await store.usage(of: .project(ada.project.id))?.quota == Quota(bytes: 10))
            let projects = try await store.usages(ofProjectsOf: nil, after: nil, limit: 1)
            #expect(projects.first?.report.quota == Quota(bytes: 10))
            try await expectRefusal(.quotaExceeded) { try await store.addUpload(ada.sized(11)) }
            _ = try await store.setQuota(QuotaChange(bytes: .unlimited), of: .project(ada.project.id))
            try await expectRefusal(.quotaExceeded) { try await store.addUpload(ada.sized(21)) }
            try await store.addUpload(ada.sized(20))
            _ = try await store.setQuota(QuotaChange(bytes: .limit(25)), of: .user("ada"))
            try await expectRefusal(.quotaExceeded) { try await store.addUpload(ada.sized(6)) }
            try await store.addUpload(ada.sized(5))
        }
    }

    @Test("sums that would exceed 64 bits are refused, even without a quota", arguments: TestDatabase.all)
    func hugeSums(_ database: TestDatabase) async throws {
        try await withStore(in: database) { store in
            let ada = try await MetadataFixture(in: store)
            let file = try await ada.addFile(of: 5 << 40, to: store)
            let almost = (Int64(1) << 62) - (1 << 40)
            try await store.driver.write { connection in
                _ = try connection.execute("UPDATE project_usage SET stored_bytes = $1", [almost])
            }
            try await expectRefusal(.quotaExceeded) { try await store.copyFile(file.id, as: ada.copy("b")) }
            try await expectRefusal(.quotaExceeded) { try await ada.addFile(of: 5 << 40, to: store) }
            #expect(try await store.deleteFile(file.id), "files can still be deleted")
            let usage = try await store.usage(of: .project(ada.project.id))?.usage
            #expect(usage?.storedBytes == almost - (5 << 40))
        }
    }

    @Test("the migration counts existing files and uploads", arguments: TestDatabase.all)
    func migration(_ database: TestDatabase) async throws {
        try await withDriver(database) { driver in
            let names = Migration.all.map(\.name)
            let earlier = try #require(names.firstIndex(of: "0013-quotas"))
            try await Migrator.migrate(driver, Array(Migration.all.prefix(earlier)))
            try await driver.write { connection in
                for statement in Self.olderRows { try connection.execute(statement) }
            }
            let store = try await SQLMetadataStore(driver: driver)
            let expected = Usage(storedBytes: 20, reservedBytes: 10 + 8, files: 2, openUploads: 2)
            #expect(try await store.usage(of: .user("ada"))?.usage == expected)
            #expect(try await store.usage(of: .user("bob"))?.usage == Usage())
            #expect(try await UsageCheck(of: store, repairs: false).run { _ in }.isClean)
            for id in ["known", "unknown"] { #expect(try await store.abortUpload(id)) }
            let left = Usage(storedBytes: 20, files: 2)
            #expect(try await store.usage(of: .project(try #require(ProjectID("ada/reads"))))?.usage == left)
        }
    }

    /// A file with a copy, and three uploads: one of known size, one of unknown size with two parts, and one that is
    /// completed.
    private static let olderRows: [SQLStatement] = [
        "INSERT INTO users (name, created_on) VALUES ('ada', 0), ('bob', 0)",
        """
        INSERT INTO projects VALUES ('ada/reads', 'u', 'ada', 'Reads', 'reads', '', '{}', 'b',
            '0123456789abcdef01234567', 'ada', 0, 0)
        """,
        "INSERT INTO objects (key, size, created_on) VALUES ('3123456789abcdef0123456789abcdef', 10, 0)",
        """
        INSERT INTO files VALUES
            ('0123456789abcdef01234567', 'ada/reads', NULL, '', 'folder', NULL, 0, 0),
            ('1123456789abcdef01234567', 'ada/reads', '0123456789abcdef01234567', 'a', 'file',
                '3123456789abcdef0123456789abcdef', 0, 0),
            ('2123456789abcdef01234567', 'ada/reads', '0123456789abcdef01234567', 'b', 'file',
                '3123456789abcdef0123456789abcdef', 0, 0)
        """,
        upload("known", size: "10", state: "active"), upload("unknown", size: "NULL", state: "active"),
        upload("done", size: "10", state: "completed"),
        """
        INSERT INTO parts VALUES ('unknown', 1, 5, 'tag', NULL, 'slot', 0, 1), ('unknown', 2, 3, 'tag', NULL, 'slot', 0, 0)
        """,
    ]

    private static func upload(_ id: String, size: String, state: String) -> SQLStatement {
        SQLStatement(
            constant: """
                INSERT INTO uploads (
                    id, user_name, project_id, parent_id, parent_was_named, name, size, part_size, overwrites,
                    object_key, initiated_on, state
                ) VALUES ('\(id)', 'bob', 'ada/reads', '0123456789abcdef01234567', 0, '\(id)', \(size), 5, 0,
                    '\(id)', 1000, '\(state)')
                """
        )
    }
}
