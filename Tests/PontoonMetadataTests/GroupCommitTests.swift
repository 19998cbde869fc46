import PontoonMetadata
import PontoonTesting
import Testing

@Suite("Concurrent writes share a commit")
struct GroupCommitTests {
    private struct Refused: Error {}

    /// Blocks one write until `count` other writes wait behind it.
    ///
    /// Returns the error of each write in the order in which they end; `nil` for a write that succeeds, including the
    /// first one.
    private func gather(
        _ count: Int,
        on driver: SQLiteDriver,
        _ write: @escaping @Sendable (Int, any SQLConnection) throws -> Void
    ) async throws -> [(any Error)?] {
        let gate = BlockingGate()
        return try await withThrowingTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                try await driver.write { _ in gate.pass() }
                return nil
            }
            defer { gate.open() }
            try await gate.reached()
            for index in 0..<count {
                group.addTask {
                    do {
                        try await driver.write { try write(index, $0) }
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            try await eventually("\(count) writes wait") { driver.statistics.waiting == count }
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func withTable(_ body: (SQLiteDriver) async throws -> Void) async throws {
        try await withSQLiteDriver(.full) { driver in
            try await driver.write { connection in
                _ = try connection.execute("CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY)", values: [])
                _ = try connection.execute("CREATE TABLE u (id BIGINT NOT NULL REFERENCES t (id))", values: [])
            }
            try await body(driver)
        }
    }

    private func rows(_ driver: SQLiteDriver) async throws -> [Int64] {
        try await driver.read { connection in
            try connection.query("SELECT id FROM t ORDER BY id", values: [], lock: nil).map { try $0.integer("id") }
        }
    }

    @Test("writes that wait during a commit share the next commit")
    func oneCommitForMany() async throws {
        try await withTable { driver in
            let before = driver.statistics
            let errors = try await gather(100, on: driver) { index, connection in
                _ = try connection.execute("INSERT INTO t (id) VALUES ($1)", values: [.integer(Int64(index))])
            }
            #expect(errors.allSatisfy { $0 == nil })
            #expect(try await rows(driver) == Array(0..<100))
            #expect(driver.statistics.writes - before.writes == 101)
            #expect(driver.statistics.commits - before.commits == 2)
        }
    }

    @Test("the size of a group is limited")
    func manyGroups() async throws {
        try await withTable { driver in
            let before = driver.statistics
            let errors = try await gather(300, on: driver) { index, connection in
                _ = try connection.execute("INSERT INTO t (id) VALUES ($1)", values: [.integer(Int64(index))])
            }
            #expect(errors.allSatisfy { $0 == nil })
            #expect(try await rows(driver).count == 300)
            #expect(driver.statistics.commits - before.commits == 4)
        }
    }

    @Test("only the failing write of a group is rolled back")
    func failingNeighbour() async throws {
        try await withTable { driver in
            let errors = try await gather(50, on: driver) { index, connection in
                _ = try connection.execute("INSERT INTO t (id) VALUES ($1)", values: [.integer(Int64(index))])
                if index == 17 { throw Refused() }
                if index == 23 { _ = try connection.execute("INSERT INTO t (id) VALUES (23)", values: []) }
                if index == 29 { _ = try connection.execute("INSERT INTO u (id) VALUES (-1)", values: []) }
            }
            #expect(errors.count { $0 is Refused } == 1)
            #expect(Set(errors.compactMap { ($0 as? SQLError)?.kind }) == [.uniqueViolation, .foreignKeyViolation])
            #expect(errors.count { $0 != nil } == 3)
            #expect(try await rows(driver) == (0..<50).filter { ![17, 23, 29].contains($0) })
        }
    }

    @Test("if the commit fails, every write fails and no data changes")
    func failingCommit() async throws {
        try await withTable { driver in
            let errors = try await gather(20, on: driver) { index, connection in
                _ = try connection.execute("INSERT INTO t (id) VALUES ($1)", values: [.integer(Int64(index))])
                if index == 7 {
                    _ = try connection.execute("PRAGMA defer_foreign_keys = ON", values: [])
                    _ = try connection.execute("INSERT INTO u (id) VALUES (-1)", values: [])
                }
            }
            #expect(errors.count { ($0 as? SQLError)?.kind == .foreignKeyViolation } == 20)
            #expect(try await rows(driver).isEmpty)
            _ = try await driver.write { try $0.execute("INSERT INTO t (id) VALUES (1)", values: []) }
            #expect(try await rows(driver) == [1])
        }
    }

    @Test("a failing write that is alone in its group is also rolled back")
    func failingAlone() async throws {
        try await withTable { driver in
            await #expect(throws: Refused.self) {
                try await driver.write { connection in
                    _ = try connection.execute("INSERT INTO t (id) VALUES (1)", values: [])
                    throw Refused()
                }
            }
            let left = try await rows(driver)
            #expect(left.isEmpty)
        }
    }

    @Test("closing waits for accepted writes")
    func closing() async throws {
        try await withDatabasePath { path in
            let driver = try await SQLiteDriver.open(SQLiteSettings(path: path, durability: .os))
            try await driver.write { connection in
                _ = try connection.execute("CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY)", values: [])
            }
            let errors = try await withThrowingTaskGroup { group in
                for index in 0..<400 {
                    group.addTask { () -> (any Error)? in
                        do {
                            _ = try await driver.write { connection in
                                try connection.execute(
                                    "INSERT INTO t (id) VALUES ($1)",
                                    values: [.integer(Int64(index))]
                                )
                            }
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                try await eventually("100 writes are done") { driver.statistics.writes >= 100 }
                try await driver.close()
                return try await group.reduce(into: [(any Error)?]()) { $0.append($1) }
            }
            let reopened = try await SQLiteDriver.open(SQLiteSettings(path: path))
            #expect(try await rows(reopened).count == errors.count { $0 == nil })
            try await reopened.close()
        }
    }
}
