import PontoonMetadata
import PontoonTesting
import Synchronization
import Testing

@Suite("Statements find their rows by an index")
struct QueryPlanTests {
    /// Statements that look at every row and may: what they read is a handful of rows, or in order up to a limit.
    private static let allowed = [
        "SELECT name FROM users LIMIT 1",
        "SELECT name FROM schema_migrations",
        "FROM signing_keys",
        "FROM discarded_objects ORDER BY discarded_on, key LIMIT",
        "DELETE FROM objects WHERE key IN (SELECT key FROM discarded_objects)",
    ]

    @Test("none of the store's statements scans a table that grows")
    func noScans() async throws {
        try await withSQLiteDriver { driver in
            // Not recorded: migrations go through whole tables, once.
            _ = try await SQLMetadataStore(driver: driver)
            let recorder = RecordingDriver(driver: driver)
            try await runEverything(recorder)
            let statements = recorder.statements
            #expect(statements.count > 50)
            for (text, values) in statements where Self.allowed.allSatisfy({ !text.contains($0) }) {
                let plan = try await Self.plan(of: text, values, driver)
                // What a recursive query has found so far is no table.
                let scans = plan.filter {
                    $0.hasPrefix("SCAN") && !$0.contains("CONSTANT ROW") && $0 != "SCAN above"
                }
                #expect(scans.isEmpty, "\(text)\n\(plan.joined(separator: "\n"))")
            }
        }
    }

    @Test("pages of a folder are read in the order of an index, up to their limit")
    func pagesAreNotSorted() async throws {
        try await withSQLiteDriver { driver in
            _ = try await SQLMetadataStore(driver: driver)
            let recorder = RecordingDriver(driver: driver)
            for rule in [FileChangeContract.scrollIsByName, .scrollSurvivesChanges] {
                try await withSQLiteDriver { empty in
                    try await rule.check(try await SQLMetadataStore(driver: recorder.recording(empty)))
                }
            }
            let pages = recorder.statements.filter { $0.key.contains("ORDER BY files.name") }
            #expect(pages.count == 2, "the first page and the others")
            for (text, values) in pages {
                let plan = try await Self.plan(of: text, values, driver)
                #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(text)\n\(plan)")
                let isSought = plan.contains { $0.contains("parent_id=? AND name>?") }
                #expect(isSought == text.contains("files.name >"), "\(text)\n\(plan)")
            }
        }
    }

    private static func plan(of text: String, _ values: [SQLValue], _ driver: SQLiteDriver) async throws -> [String] {
        try await driver.read { connection in
            try connection.query(SQLStatement(constant: "EXPLAIN QUERY PLAN \(text)"), values: values, holding: nil)
                .map { try $0.text("detail") }
        }
    }

    /// Runs the contracts, each on a store of its own, so that every statement comes up.
    private func runEverything(_ recorder: RecordingDriver) async throws {
        func run(_ check: @Sendable (SQLMetadataStore) async throws -> Void) async throws {
            try await withSQLiteDriver { driver in
                _ = try await SQLMetadataStore(driver: driver)
                try await check(try await SQLMetadataStore(driver: recorder.recording(driver)))
            }
        }
        for rule in IdentityContract.allCases { try await run { try await rule.check($0) } }
        for rule in ProjectContract.allCases { try await run { try await rule.check($0) } }
        for rule in MemberContract.allCases { try await run { try await rule.check($0) } }
        for rule in FileContract.allCases { try await run { try await rule.check($0) } }
        for rule in FileListContract.allCases { try await run { try await rule.check($0) } }
        for rule in FileChangeContract.allCases { try await run { try await rule.check($0) } }
        for rule in CopyMoveContract.allCases { try await run { try await rule.check($0) } }
        for rule in UploadContract.allCases { try await run { try await rule.check($0) } }
        for rule in CompletionContract.allCases { try await run { try await rule.check($0) } }
        for rule in PartContract.allCases { try await run { try await rule.check($0) } }
        for rule in AutomationContract.allCases { try await run { try await rule.check($0) } }
        for rule in SigningKeyContract.allCases { try await run { try await rule.check($0) } }
    }
}

/// Notes every statement that can have a query plan.
private struct RecordingDriver: SQLDriver {
    final class Log: Sendable {
        let statements = Mutex<[String: [SQLValue]]>([:])
    }

    private let driver: SQLiteDriver
    private let log: Log

    init(driver: SQLiteDriver, log: Log = Log()) {
        self.driver = driver
        self.log = log
    }

    var statements: [String: [SQLValue]] { log.statements.withLock { $0 } }

    /// Notes what is done on another database in the same log.
    func recording(_ driver: SQLiteDriver) -> RecordingDriver { RecordingDriver(driver: driver, log: log) }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let log = log
        return try await driver.read { try body(Connection(connection: $0, log: log)) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value {
        let log = log
        return try await driver.write { try body(Connection(connection: $0, log: log)) }
    }

    func close() async throws { try await driver.close() }

    private struct Connection: SQLConnection {
        let connection: any SQLConnection
        let log: Log

        func query(_ statement: SQLStatement, values: [SQLValue], holding: SQLRowLock?) throws -> [SQLRow] {
            note(statement, values)
            return try connection.query(statement, values: values, holding: holding)
        }

        func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int {
            note(statement, values)
            return try connection.execute(statement, values: values)
        }

        private func note(_ statement: SQLStatement, _ values: [SQLValue]) {
            guard !statement.text.hasPrefix("CREATE") else { return }
            log.statements.withLock { $0[statement.text] = values }
        }
    }
}
