#if PostgreSQL
import Dispatch
import PontoonCore
import PontoonMetadata
import PontoonPostgreSQL
import PontoonTesting
import Synchronization
import Testing

@Suite("The PostgreSQL driver", .timeLimit(.minutes(10)), .tags(.needsPostgreSQL))
struct PostgreSQLDriverTests {
    /// The order in which writes ran.
    private final class Order: Sendable {
        let numbers = Mutex<[Int]>([])
    }

    private func withTable(
        _ configure: @Sendable (inout PostgreSQLSettings) -> Void = { _ in },
        _ body: @Sendable (PostgreSQLDriver) async throws -> Void
    ) async throws {
        try await withPostgreSQLDriver(configure) { driver in
            try await driver.write { connection in
                _ = try connection.execute("CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, name TEXT)", values: [])
            }
            try await body(driver)
        }
    }

    private func ids(_ driver: PostgreSQLDriver) async throws -> [Int64] {
        try await driver.read { connection in
            try connection.query("SELECT id FROM t ORDER BY id", values: [], lock: nil).map { try $0.integer("id") }
        }
    }

    @Test("needs one round trip for a query or for queued writes, two for a write with a result, otherwise none")
    func roundTrips() async throws {
        try await withTable { driver in
            func trips() -> Int { driver.poolStatistics.roundTrips }
            let insert: SQLStatement = "INSERT INTO t (id) VALUES ($1)"
            var before = trips()
            _ = try await ids(driver)
            #expect(trips() - before == 1)

            before = trips()
            _ = try await driver.write { try $0.execute(insert, values: [.integer(1)]) }
            #expect(trips() - before == 2)

            before = trips()
            try await driver.write { connection in
                for id in Int64(2)..<100 { try connection.enqueue(insert, values: [.integer(id)], lock: nil) }
            }
            #expect(trips() - before == 1)

            before = trips()
            try await driver.write { _ in }
            #expect(trips() - before == 0)
            let count = try await ids(driver).count
            #expect(count == 99)
        }
    }

    @Test("rolls back pipelined rows when a later statement fails")
    func failingBatch() async throws {
        try await withTable { driver in
            for values in [[1, 2, 1], [3, 3, 4]] as [[Int64]] {
                let error = await #expect(throws: SQLError.self) {
                    try await driver.write { connection in
                        for id in values {
                            try connection.enqueue("INSERT INTO t (id) VALUES ($1)", values: [.integer(id)], lock: nil)
                        }
                    }
                }
                #expect(error?.kind == .uniqueViolation)
            }
            let left = try await ids(driver)
            #expect(left.isEmpty)
        }
    }

    @Test("rolls back and reports a write whose body ignores an error")
    func swallowedError() async throws {
        try await withTable { driver in
            await #expect(throws: SQLError.self) {
                try await driver.write { connection in
                    _ = try connection.execute("INSERT INTO t (id) VALUES (1)", values: [])
                    _ = try? connection.execute("INSERT INTO t (id) VALUES (1)", values: [])
                }
            }
            let left = try await ids(driver)
            #expect(left.isEmpty)
        }
    }

    @Test("reads a consistent snapshot")
    func unchangingReads() async throws {
        try await withTable { driver in
            let (first, second) = try await driver.read { connection in
                let count: SQLStatement = "SELECT COUNT(*) AS total FROM t"
                let first = try connection.query(count, values: [], lock: nil)[0].integer("total")
                let isWritten = DispatchSemaphore(value: 0)
                Task {
                    try await driver.write { _ = try $0.execute("INSERT INTO t (id) VALUES (1)", values: []) }
                    isWritten.signal()
                }
                isWritten.wait()
                return (first, try connection.query(count, values: [], lock: nil)[0].integer("total"))
            }
            #expect(first == 0 && second == 0)
            #expect(try await ids(driver) == [1])
        }
    }

    @Test("recovers when a table changes under a prepared statement")
    func changedTable() async throws {
        try await withTable { driver in
            let all: SQLStatement = "SELECT * FROM t"
            for column in ["a", "b"] {
                _ = try await driver.read { try $0.query(all, values: [], lock: nil) }
                try await driver.write { connection in
                    let change = "ALTER TABLE t ADD COLUMN \(column) TEXT"
                    _ = try connection.execute(SQLStatement(constant: change), values: [])
                }
            }
            #expect(try await driver.read { try $0.query(all, values: [], lock: nil) }.isEmpty)
        }
    }

    @Test("retries deadlocked transactions")
    func deadlock() async throws {
        try await withTable { driver in
            try await driver.write { connection in
                _ = try connection.execute("INSERT INTO t (id, name) VALUES (1, ''), (2, '')", values: [])
            }
            let runs = Mutex(0)
            let have = [DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)]
            _ = try await concurrently(2) { index in
                try await driver.write { connection in
                    let isFirst = runs.withLock { runs in
                        runs += 1
                        return runs <= 2
                    }
                    for (step, id) in (index == 0 ? [1, 2] : [2, 1] as [Int64]).enumerated() {
                        let update: SQLStatement = "UPDATE t SET name = name || 'x' WHERE id = $1"
                        _ = try connection.execute(update, values: [.integer(id)])
                        if isFirst, step == 0 {
                            have[index].signal()
                            have[1 - index].wait()
                        }
                    }
                }
            }
            // On a busy machine, the repeated transaction may also run into a deadlock.
            #expect(runs.withLock { $0 } >= 3)
            let names = try await driver.read { try $0.query("SELECT name FROM t", values: [], lock: nil) }
            #expect(try names.map { try $0.text("name") } == ["xx", "xx"])
        }
    }

    @Test("a transaction that pauses too long loses its row locks and is retried")
    func pausedTransaction() async throws {
        try await withTable({ $0.transactionIdleTimeout = .seconds(1) }) { driver in
            try await driver.write { _ = try $0.execute("INSERT INTO t (id, name) VALUES (1, '')", values: []) }
            let runs = Mutex(0)
            let isChanged = DispatchSemaphore(value: 0)
            let (locked, lock) = AsyncStream.makeStream(of: Void.self)
            let append: SQLStatement = "UPDATE t SET name = name || $1 WHERE id = 1"
            _ = try await concurrently(2) { index in
                if index == 1 {
                    for await _ in locked {}
                    defer { isChanged.signal() }
                    return try await driver.write { _ = try $0.execute(append, values: [.text("b")]) }
                }
                try await driver.write { connection in
                    _ = try connection.execute(append, values: [.text("a")])
                    let run = runs.withLock { runs in
                        runs += 1
                        return runs
                    }
                    guard run == 1 else { return }
                    lock.finish()
                    isChanged.wait()
                    _ = try connection.execute(append, values: [.text("lost")])
                }
            }
            // On a busy machine, the repeated transaction may also pause too long.
            #expect(runs.withLock { $0 } >= 2)
            let names = try await driver.read { try $0.query("SELECT name FROM t", values: [], lock: nil) }
            #expect(try names.map { try $0.text("name") } == ["ba"])
        }
    }

    @Test(
        "retries a transaction on another connection if its connection broke before the commit",
        arguments: [true, false]
    )
    func lostConnection(isWrite: Bool) async throws {
        try await withTable { driver in
            let runs = Mutex(0)
            let body: @Sendable (any SQLConnection) throws -> Void = { connection in
                if isWrite { _ = try connection.execute("INSERT INTO t (id) VALUES (1)", values: []) }
                let isFirst = runs.withLock { runs in
                    runs += 1
                    return runs == 1
                }
                guard isFirst else { return }
                _ = try connection.execute("SELECT pg_terminate_backend(pg_backend_pid())::TEXT", values: [])
            }
            try await isWrite ? driver.write(body) : driver.read(body)
            #expect(runs.withLock { $0 } == 2)
            #expect(try await ids(driver) == (isWrite ? [1] : []))
            #expect(driver.poolStatistics.lostConnections == 1)
        }
    }

    @Test("neither retries nor confirms a commit whose response was lost")
    func lostCommit() async throws {
        try await withTable { driver in
            // The trigger breaks the connection during the commit.
            for statement in [
                """
                CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'
                """,
                """
                CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION cut()
                """,
            ] as [SQLStatement] {
                try await driver.write { _ = try $0.execute(statement, values: []) }
            }
            let runs = Mutex(0)
            let error = await #expect(throws: SQLError.self) {
                try await driver.write { connection in
                    runs.withLock { $0 += 1 }
                    _ = try connection.execute("INSERT INTO t (id) VALUES (1)", values: [])
                }
            }
            #expect(error?.kind == .outcomeUnknown)
            #expect(runs.withLock { $0 } == 1)
            let left = try await ids(driver)
            #expect(left.isEmpty)
        }
    }

    @Test("queues a limited number of callers in the order of arrival")
    func waiting() async throws {
        try await withTable({ ($0.maximumConnections, $0.maximumWaiting) = (1, 3) }) { driver in
            let gate = BlockingGate()
            let order = Order()
            try await withThrowingTaskGroup { group in
                group.addTask { try await driver.write { _ in gate.pass() } }
                defer { gate.open() }
                try await gate.reached()
                for index in 0..<3 {
                    group.addTask { try await driver.write { _ in order.numbers.withLock { $0.append(index) } } }
                    try await eventually("\(index + 1) writes wait") { driver.poolStatistics.waiting == index + 1 }
                }
                let error = await #expect(throws: SQLError.self) { try await driver.read { _ in } }
                #expect(error?.kind == .busy)
                await #expect(throws: SQLError.self) { try await driver.ping(within: .milliseconds(50)) }
                gate.open()
                try await group.waitForAll()
            }
            #expect(order.numbers.withLock { $0 } == [0, 1, 2])
            #expect(driver.poolStatistics.rejected == 2)
            #expect(driver.poolStatistics.connections == 1)
        }
    }

    @Test("times out long statements and stays usable")
    func slowStatements() async throws {
        try await withTable({ ($0.readTimeout, $0.writeTimeout) = (.seconds(2), .seconds(20)) }) { driver in
            let sleep: @Sendable (any SQLConnection) throws -> Void = { connection in
                _ = try connection.execute("SELECT pg_sleep(3600)", values: [])
            }
            let read = await #expect(throws: SQLError.self) { try await driver.read(sleep) }
            #expect(read?.kind == .busy)
            let write = await #expect(throws: SQLError.self) { try await driver.write(sleep) }
            #expect(write?.kind == .busy)
            try await driver.write { _ = try $0.execute("SELECT pg_sleep(3)", values: []) }
            let left = try await ids(driver)
            #expect(left.isEmpty)
        }
    }

    @Test("times out on locked rows and stays usable")
    func heldRows() async throws {
        try await withTable({ $0.lockTimeout = .milliseconds(100) }) { driver in
            try await driver.write { _ = try $0.execute("INSERT INTO t (id) VALUES (1)", values: []) }
            let error = await #expect(throws: SQLError.self) {
                try await driver.write { connection in
                    _ = try connection.query("SELECT id FROM t", values: [], lock: .forUpdate("t"))
                    let failure = Mutex<(any Error)?>(nil)
                    let isDone = DispatchSemaphore(value: 0)
                    Task {
                        do {
                            try await driver.write { _ = try $0.execute("DELETE FROM t", values: []) }
                        } catch {
                            failure.withLock { $0 = error }
                        }
                        isDone.signal()
                    }
                    isDone.wait()
                    if let failure = failure.withLock({ $0 }) { throw failure }
                }
            }
            #expect(error?.kind == .busy)
            #expect(try await ids(driver) == [1])
        }
    }

    @Test("cancels statements that are still running after the close timeout")
    func closing() async throws {
        try await withTable({ $0.closeTimeout = .milliseconds(100) }) { driver in
            try await withThrowingTaskGroup { group in
                group.addTask {
                    await #expect(throws: SQLError.self) {
                        try await driver.read { _ = try $0.execute("SELECT pg_sleep(3600)", values: []) }
                    }
                }
                try await eventually("the statement runs") { driver.poolStatistics.busy == 1 }
                try await driver.close()
                try await group.waitForAll()
            }
            await #expect(throws: SQLError.self) { try await driver.read { _ in } }
            #expect(driver.poolStatistics.connections == 0)
        }
    }

    @Test("stores text unchanged and rejects text that it cannot store")
    func text() async throws {
        try await withTable { driver in
            let texts = [
                "", "'", "ä\u{301}", "a\u{308}", "🧬\n\t\\", "\u{FFFD}", String(repeating: "x", count: 1_000_000),
            ]
            let insert: SQLStatement = "INSERT INTO t (id, name) VALUES ($1, $2)"
            for (index, text) in texts.enumerated() {
                try await driver.write { _ = try $0.execute(insert, values: [.integer(Int64(index)), .text(text)]) }
            }
            try await driver.write { _ = try $0.execute(insert, values: [.integer(.min), .null]) }
            let rows = try await driver.read { connection in
                try connection.query("SELECT name FROM t ORDER BY id", values: [], lock: nil)
            }
            let kept = try rows.map { try $0.optionalText("name").map { Array($0.utf8) } }
            #expect(kept == [nil] + texts.map { Array($0.utf8) })
            let error = await #expect(throws: SQLError.self) {
                try await driver.write { _ = try $0.execute(insert, values: [.integer(99), .text("a\u{0}")]) }
            }
            #expect(error?.kind == .unstorableText)
        }
    }

    @Test(
        "applies the durability setting",
        arguments: [(.full, "on"), (.os, "off")]
            as [(PostgreSQLSettings.Durability, String)]
    )
    func durability(durability: PostgreSQLSettings.Durability, expected: String) async throws {
        try await withPostgreSQLDriver({ $0.durability = durability }) { driver in
            let rows = try await driver.read { try $0.query("SHOW synchronous_commit", values: [], lock: nil) }
            #expect(try rows[0].text("synchronous_commit") == expected)
        }
    }
}
#endif
