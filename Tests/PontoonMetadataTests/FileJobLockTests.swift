#if PostgreSQL
import Foundation
import PontoonCore
import PontoonPostgreSQL
import PontoonTesting
import Testing

@testable import PontoonMetadata

@Suite("Jobs and locked users", .timeLimit(.minutes(10)), .tags(.needsPostgreSQL))
struct FileJobLockTests {
    /// The locks that are taken on a user's row to create another job and to remove the user.
    private static let locks: [SQLRowLock] = [.forNoKeyUpdate("users"), .forUpdate("users")]

    @Test(
        "a worker does not wait for a locked user, and leases the jobs of other users first",
        .enabled(if: TestTools.areEnginesAllowed),
        arguments: locks
    )
    func leasing(_ lock: SQLRowLock) async throws {
        try await withPostgreSQLDriver { driver in
            let store = try await SQLMetadataStore(driver: driver)
            try await Self.addJobs(of: ["ada", "ada", "ada", "bob", "bob", "bob"], to: store)
            try await whileTransactionIsOpen(in: store, startingWith: Self.locking("ada", lock)) {
                let users = try await Self.lease(2, in: store, after: 0)
                #expect(users == ["bob", "bob"])
            }
            let users = try await Self.lease(3, in: store, after: 2)
            #expect(users == ["ada", "bob", "ada"], "the users take turns again")
        }
    }

    @Test(
        "the jobs of a locked user are leased if no other user has jobs",
        .enabled(if: TestTools.areEnginesAllowed),
        arguments: locks
    )
    func leasingAlone(_ lock: SQLRowLock) async throws {
        try await withPostgreSQLDriver { driver in
            let store = try await SQLMetadataStore(driver: driver)
            try await Self.addJobs(of: ["ada", "ada", "ada", "bob"], to: store)
            try await whileTransactionIsOpen(in: store, startingWith: Self.locking("ada", lock)) {
                let users = try await Self.lease(3, in: store, after: 0)
                #expect(users == ["bob", "ada", "ada"])
            }
            #expect(try await Self.lease(1, in: store, after: 3) == ["ada"])
        }
    }

    @Test(
        "a transaction that inserts a reference to a user does not prevent a worker from recording the user's turn",
        .enabled(if: TestTools.areEnginesAllowed)
    )
    func references() async throws {
        try await withPostgreSQLDriver { driver in
            let store = try await SQLMetadataStore(driver: driver)
            try await Self.addJobs(of: ["ada", "ada", "bob"], to: store)
            let token = TokenRecord(id: "t", userName: "ada", hash: "t", createdOn: MetadataFixture.time)
            let start = { @Sendable (connection: any SQLConnection) in
                let isAdded = try connection.insert(token)
                #expect(isAdded)
            }
            try await whileTransactionIsOpen(in: store, startingWith: start) {
                let users = try await Self.lease(2, in: store, after: 0)
                #expect(users == ["ada", "bob"])
            }
        }
    }

    /// Returns the first statements of a transaction, which lock a user's row.
    private static func locking(
        _ user: String,
        _ lock: SQLRowLock
    ) -> @Sendable (any SQLConnection) throws -> Void {
        { connection in
            let rows = try connection.query("SELECT name FROM users WHERE name = $1", [user], lock: lock)
            #expect(rows.count == 1)
        }
    }

    /// Adds each user once, and one job for each element of the list.
    private static func addJobs(of users: [String], to store: SQLMetadataStore) async throws {
        let time = MetadataFixture.time
        for name in Set(users) { try await store.addUser(User(name: name, createdOn: time)) }
        for (number, name) in users.enumerated() {
            let job = FileJob(id: "\(number)", kind: .copy, userName: name, tokenID: nil, createdOn: time)
            try await store.addFileJob(job, [])
        }
    }

    /// Leases `count` jobs, one per second.
    ///
    /// The first lease begins `seconds` + 1 seconds after the fixture's time.
    ///
    /// - Returns: The users of the jobs.
    private static func lease(_ count: Int, in store: SQLMetadataStore, after seconds: Int) async throws -> [String] {
        var users: [String] = []
        for second in (seconds + 1)...(seconds + count) {
            let lease = Lease(id: "\(second)", expiresOn: .distantFuture)
            let now = MetadataFixture.time.addingTimeInterval(Double(second))
            let job = try #require(try await store.leaseFileJob(lease, now: now))
            users.append(job.userName)
        }
        return users
    }
}
#endif
