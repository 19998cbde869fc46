import PontoonCore
import PontoonMetadata
import PontoonPostgreSQL
import PontoonTesting
import Synchronization
import Testing

@Suite("Statements use indexes")
struct QueryPlanTests {
    /// Parts of the statements that may scan a table.
    ///
    /// Those without a comment read few rows, or read in index order up to a limit.
    private static let allowed = [
        "SELECT name FROM users LIMIT 1", "SELECT name FROM users LIMIT 2",
        "SELECT name FROM schema_migrations",
        "FROM signing_keys",
        "FROM discarded_objects ORDER BY discarded_on, key LIMIT",
        "DELETE FROM objects WHERE key IN (SELECT key FROM discarded_objects)",
        // Statements of `pontoond user remove`. An index for them would slow down every upload.
        "SELECT id FROM uploads WHERE user_name = $1 AND state <> 'completed'",
        "FROM uploads WHERE user_name = $2 AND state <> 'completed'", "DELETE FROM uploads WHERE user_name = $1",
        "(SELECT id FROM automations WHERE owner = ", "DELETE FROM automations WHERE owner = $1",
        "DELETE FROM users WHERE name = $1",
        // These statements read the index of unfinished jobs, in order up to a limit or when a server starts.
        "ORDER BY queued_on, id LIMIT 1", "lease_expires_on = 0 WHERE state <> 'finished'",
        // These statements read all tokens, but only when a project is added or deleted.
        "FROM tokens WHERE projects = ''", "UPDATE tokens SET projects = ",
        // There are at most 1,000 webhooks.
        "FROM webhooks", "UPDATE webhooks SET",
        // Totals for the metrics. They are counted at most once a minute, and counting takes at most 1% of the time.
        "SELECT COUNT(*) AS objects", "SELECT COUNT(*) AS uploads", "COALESCE(SUM(reserved_bytes), 0)",
        // `pontoond uploads ls` reads all uploads, in order of their ids.
        "AS last_part_on",
    ]

    @Test("no statement of the store scans a growing table")
    func noScans() async throws {
        try await withSQLiteDriver { driver in
            // Migrations are not recorded. They scan whole tables, but run only once.
            _ = try await SQLMetadataStore(driver: driver)
            let recorder = RecordingDriver(driver: driver)
            try await runEverything(recorder)
            let statements = recorder.statements.filter { text, _ in Self.allowed.allSatisfy { !text.contains($0) } }
            #expect(statements.count > 50)
            for (text, values) in statements {
                let plan = try await Self.plan(of: text, values, driver)
                // The results of recursive queries and subqueries are not tables.
                let scans = plan.map(\.detail).filter {
                    $0.hasPrefix("SCAN") && !$0.contains("CONSTANT ROW")
                        && !["SCAN above", "SCAN found", "SCAN page", "SCAN waiting"].contains($0)
                }
                #expect(scans.isEmpty, "\(text)\n\(plan)")
            }
            #if PostgreSQL
            if TestTools.areEnginesAllowed { try await expectIndexesInPostgreSQL(statements) }
            #endif
        }
    }

    #if PostgreSQL
    private func expectIndexesInPostgreSQL(_ statements: [String: [SQLValue]]) async throws {
        try await withPostgreSQLDriver { driver in
            _ = try await SQLMetadataStore(driver: driver)
            for (text, values) in statements {
                let plan = try await Self.postgreSQLPlan(of: text, values, driver)
                let scans = plan.filter { $0.contains("Seq Scan on") }
                #expect(scans.isEmpty, "\(text)\n\(plan.joined(separator: "\n"))")
            }
        }
    }

    /// Returns PostgreSQL's plan with sequential scans and sorting disabled, because it would prefer both for small
    /// tables.
    private static func postgreSQLPlan(
        of text: String,
        _ values: [SQLValue],
        _ driver: PostgreSQLDriver
    ) async throws -> [String] {
        try await driver.read { connection in
            for way in ["seqscan", "sort"] {
                _ = try connection.execute(SQLStatement(constant: "SET LOCAL enable_\(way) = off"), values: [])
            }
            return try connection.query(SQLStatement(constant: "EXPLAIN \(text)"), values: values, lock: nil)
                .map { try $0.text("QUERY PLAN") }
        }
    }
    #endif

    @Test("pages are read in index order, from either end")
    func pagesAreNotSorted() async throws {
        try await withSQLiteDriver { driver in
            _ = try await SQLMetadataStore(driver: driver)
            let recorder = RecordingDriver(driver: driver)
            try await withSQLiteDriver { other in
                let store = try await SQLMetadataStore(driver: recorder.recording(other))
                let fixture = try await MetadataFixture(in: store)
                for name in ["a", "b", "c"] { try await store.addUpload(fixture.upload(name)) }
                for name in ["a", "b", "c"] { try await store.addFolder(fixture.folder(name)) }
                for name in ["x", "y"] {
                    _ = try await store.addProject(MetadataFixture.project(ProjectID(owner: "ada", shortName: name)))
                }
                for page in [Page(offset: 0, limit: 1), Page(offset: 2, limit: 1)] {
                    _ = try await store.uploads(of: "ada", page: page)
                    _ = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(page))
                    _ = try await store.projects(for: "ada", matching: ProjectFilter(), page: page)
                }
                _ = try await store.files(in: fixture.root, filter: FileFilter(), window: .after(nil, limit: 1))
                _ = try await store.files(in: fixture.root, filter: FileFilter(), window: .after("b", limit: 1))
            }
            let pages = recorder.statements.filter { $0.key.contains("ORDER BY") && $0.key.contains("LIMIT") }
            #expect(pages.count == 8, "the first and the last page of three lists, and two windows by name")
            let orders = ["parent_id=?", "parent_id=? AND name>?", "uploads_by_user (user_name=?", "members_by_time"]
            for (text, values) in pages {
                let plan = try await Self.plan(of: text, values, driver)
                // Sorting the files of one page is allowed: there are at most a hundred, and they are read by id.
                let isFiles = text.contains(") AS page")
                let sorted = plan.filter { $0.detail.contains("TEMP B-TREE") && !(isFiles && $0.parent == 0) }
                #expect(sorted.isEmpty, "\(text)\n\(plan)")
                #expect(plan.contains { step in orders.contains { step.detail.contains($0) } }, "\(text)\n\(plan)")
                let isSought = plan.contains { $0.detail.contains("parent_id=? AND name>?") }
                #expect(isSought == text.contains("files.name >"), "\(text)\n\(plan)")
            }
            #if PostgreSQL
            if TestTools.areEnginesAllowed { try await expectOrderInPostgreSQL(pages) }
            #endif
            let counted = recorder.statements.keys.filter { $0.hasPrefix("SELECT COUNT(*)") }
            #expect(counted.isEmpty, "totals without a filter are stored, not counted")
        }
    }

    #if PostgreSQL
    private func expectOrderInPostgreSQL(_ pages: [String: [SQLValue]]) async throws {
        try await withPostgreSQLDriver { driver in
            _ = try await SQLMetadataStore(driver: driver)
            for (text, values) in pages {
                let plan = try await Self.postgreSQLPlan(of: text, values, driver)
                // The outer plan sorts the files of one page, at most a hundred.
                let begin = plan.firstIndex { $0.contains("Limit ") }
                let sorted = plan[try #require(begin)...].filter { $0.contains("Sort") }
                #expect(sorted.isEmpty, "\(text)\n\(plan.joined(separator: "\n"))")
            }
        }
    }
    #endif

    @Test("a filter starts with the most selective condition", arguments: FilterCase.all)
    func filters(_ filterCase: FilterCase) async throws {
        try await withSQLiteDriver { driver in
            _ = try await SQLMetadataStore(driver: driver)
            let recorder = RecordingDriver(driver: driver)
            try await withSQLiteDriver { other in
                let store = try await SQLMetadataStore(driver: other)
                let fixture = try await MetadataFixture(in: store)
                for number in 1...9 {
                    let tags = number > 6 ? ["few"] : ["many"]
                    let metadata = ["all": "v", "k": number == 1 ? "rare" : "usual"]
                    try await fixture.addFile("\(number)", to: store, tags: tags, metadata: metadata)
                }
                let small = fixture.folder("small")
                try await store.addFolder(small)
                try await fixture.addFile("1", in: small.id, to: store, tags: ["many"], metadata: ["all": "v"])
                let recorded = try await SQLMetadataStore(driver: recorder.recording(other))
                let folder = filterCase.isInSmallFolder ? small.id : fixture.root
                let page = Page(offset: 0, limit: 1)
                let list = try await recorded.files(in: folder, filter: filterCase.filter, window: .page(page))
                #expect(list.items.count == 1 && list.total == filterCase.total)
            }
            let asked = recorder.statements.filter { text, _ in
                (text.contains("FROM files") || text.contains("JOIN files")) && !text.hasPrefix("SELECT project_id")
            }
            #expect(asked.count == 2, "one query for the total and one for the page")
            for (text, values) in asked {
                let plan = try await Self.plan(of: text, values, driver)
                let first = plan.first { $0.detail.hasPrefix("SEARCH") }?.detail ?? ""
                #expect(first.contains(filterCase.start), "\(text)\n\(plan)")
                let walks = plan.filter { $0.detail.hasSuffix("(parent_id=?)") }
                #expect(walks.isEmpty == !filterCase.isInSmallFolder, "\(text)\n\(plan)")
            }
        }
    }

    /// A filter on a folder of nine files or of one file, and the index that the search must use first.
    struct FilterCase: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var names: [String]?
        var tags: [String]?
        var metadata: [String: [String]] = [:]
        var isInSmallFolder = false
        let start: String
        let total: Int

        var filter: FileFilter {
            var filter = FileFilter()
            (filter.names, filter.tags, filter.metadata) = (names, tags, metadata)
            return filter
        }

        private static let byName = "(parent_id=? AND name=?)"
        private static let byTag = "file_tags_by_project (project_id=? AND tag=?"
        private static let byMetadata = "file_metadata_by_project (project_id=? AND key=? AND value=?"

        static let all = [
            FilterCase(testDescription: "one name", names: ["1"], start: byName, total: 1),
            FilterCase(testDescription: "names", names: ["1", "3", "x"], start: byName, total: 2),
            FilterCase(testDescription: "tag", tags: ["few"], start: byTag, total: 3),
            FilterCase(testDescription: "metadata", metadata: ["k": ["rare"]], start: byMetadata, total: 1),
            FilterCase(testDescription: "values", metadata: ["k": ["rare", "x"]], start: byMetadata, total: 1),
            FilterCase(
                testDescription: "rare pair, usual pair and tag",
                tags: ["many"],
                metadata: ["all": ["v"], "k": ["rare"]],
                start: byMetadata,
                total: 1
            ),
            FilterCase(
                testDescription: "rare tag, usual pair",
                tags: ["few"],
                metadata: ["k": ["usual"]],
                start: byTag,
                total: 3
            ),
            FilterCase(
                testDescription: "name and metadata",
                names: ["1"],
                tags: ["many"],
                metadata: ["k": ["rare"]],
                start: byName,
                total: 1
            ),
            FilterCase(
                testDescription: "common labels in a small folder",
                tags: ["many"],
                metadata: ["all": ["v"]],
                isInSmallFolder: true,
                start: "(parent_id=?)",
                total: 1
            ),
        ]
    }

    private struct Step: CustomStringConvertible {
        let parent: Int
        let detail: String
        var description: String { "\n\(parent): \(detail)" }
    }

    private static func plan(of text: String, _ values: [SQLValue], _ driver: SQLiteDriver) async throws -> [Step] {
        try await driver.read { connection in
            try connection.query(SQLStatement(constant: "EXPLAIN QUERY PLAN \(text)"), values: values, lock: nil)
                .map { Step(parent: try $0.count("parent"), detail: try $0.text("detail")) }
        }
    }

    /// Checks every rule of the metadata contract on a new store, so that the statements of the store are executed.
    private func runEverything(_ recorder: RecordingDriver) async throws {
        func run(_ check: @Sendable (SQLMetadataStore) async throws -> Void) async throws {
            try await withSQLiteDriver { driver in
                _ = try await SQLMetadataStore(driver: driver)
                try await check(try await SQLMetadataStore(driver: recorder.recording(driver)))
            }
        }
        for rule in MetadataContract.rules { try await run { try await rule.check($0) } }
    }
}

/// A driver that records every statement except `CREATE`, which has no query plan.
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

    var dialect: SQLDialect { driver.dialect }

    func ping(within limit: Duration) async throws { try await driver.ping(within: limit) }

    /// Returns a driver that runs statements in another database and records them in the same log.
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
        var counterShard: Int { connection.counterShard }
        let log: Log

        func query(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws -> [SQLRow] {
            note(statement, values)
            return try connection.query(statement, values: values, lock: lock)
        }

        func execute(_ statement: SQLStatement, values: [SQLValue]) throws -> Int {
            note(statement, values)
            return try connection.execute(statement, values: values)
        }

        func enqueue(_ statement: SQLStatement, values: [SQLValue], lock: SQLRowLock?) throws {
            note(statement, values)
            try connection.enqueue(statement, values: values, lock: lock)
        }

        private func note(_ statement: SQLStatement, _ values: [SQLValue]) {
            guard !statement.text.hasPrefix("CREATE") else { return }
            log.statements.withLock { $0[statement.text] = values }
        }
    }
}
