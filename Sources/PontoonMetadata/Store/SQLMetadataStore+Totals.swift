import PontoonCore

/// The offset and limit of a page, counted from the nearer end of the list.
///
/// The last page of a list is therefore read as fast as the first.
struct PageWindow {
    /// Whether rows are counted and read from the end of the list.
    let isBackward: Bool
    /// Number of rows to skip.
    let offset: Int
    /// Number of rows to read, 1 or more.
    let limit: Int

    /// Computes the window of a page; returns `nil` if the page is empty.
    init?(_ page: Page, of total: Int) {
        // Cannot overflow, because neither operand is negative.
        let limit = min(page.limit, total - page.offset)
        guard limit > 0 else { return nil }
        let after = total - page.offset - limit
        isBackward = after < page.offset
        offset = min(after, page.offset)
        self.limit = limit
    }

    /// Returns rows that were read with this window, sorted in the order of the list.
    func inOrder<Item>(_ rows: [Item]) -> [Item] { isBackward ? rows.reversed() : rows }
}

extension SQLBuilder {
    /// Appends the `LIMIT` and `OFFSET` of a window.
    mutating func append(_ window: PageWindow) {
        append(" LIMIT ")
        append(value: window.limit)
        append(" OFFSET ")
        append(value: window.offset)
    }
}

/// The stored counts of projects, unfinished uploads and folder entries, divided into shards (``CounterShards``).
///
/// To avoid deadlocks, a transaction that changes several counts updates users before folders, users in order of name,
/// and folders in order of id.
extension SQLConnection {
    /// Returns the number of files and folders directly in a folder.
    func entries(of folder: String) throws -> Int {
        try query(selectEntries, [folder]).first?.count("entries") ?? 0
    }

    /// Adds the given changes, which may be negative, to the entry counts of folders, keyed by folder id.
    func add(entries: [String: Int]) throws {
        for (folder, change) in entries.sorted(by: { $0.key < $1.key }) where change != 0 {
            try enqueue(addEntries, [folder, counterShard, change])
        }
    }

    /// Locks a folder until the transaction ends, so that transactions that choose names in the folder run one after
    /// another.
    ///
    /// Other transactions can add entries and shards of the folder's count in the meantime. To avoid deadlocks, lock
    /// the folder before its entries and their objects.
    func lock(folder: String) throws {
        try enqueue("SELECT id FROM files WHERE id = $1", [folder], lock: .forNoKeyUpdate("files"))
    }

    /// Returns the number of projects that a user may read.
    func projectTotal(of userName: String) throws -> Int {
        try query(selectUserTotals, [userName]).first?.count("projects") ?? 0
    }

    /// Returns the number of a user's unfinished uploads to folders.
    func openUploadTotal(of userName: String) throws -> Int {
        try query(selectUserTotals, [userName]).first?.count("open_uploads") ?? 0
    }

    /// Adds the given changes, which may be negative, to the project and upload counts of users, keyed by user name.
    func add(projects: [String: Int] = [:], openUploads: [String: Int] = [:]) throws {
        for user in Set(projects.keys).union(openUploads.keys).sorted() {
            try enqueue(addUserTotals, [user, counterShard, projects[user] ?? 0, openUploads[user] ?? 0])
        }
    }

    /// Adds the missing shards of a user's counts, and locks all shards until the transaction ends.
    func lockTotals(of userName: String) throws {
        for shard in 0..<CounterShards.count { try enqueue(addUserTotals, [userName, shard, 0, 0]) }
    }
}

// The casts are for PostgreSQL, where the sum of BIGINT is NUMERIC.
private let selectEntries: SQLStatement = """
    SELECT CAST(COALESCE(SUM(entries), 0) AS BIGINT) AS entries FROM folder_totals WHERE folder_id = $1
    """
private let addEntries: SQLStatement = """
    INSERT INTO folder_totals (folder_id, shard, entries) VALUES ($1, $2, $3)
    ON CONFLICT (folder_id, shard) DO UPDATE SET entries = folder_totals.entries + excluded.entries
    """
private let selectUserTotals: SQLStatement = """
    SELECT CAST(COALESCE(SUM(projects), 0) AS BIGINT) AS projects,
        CAST(COALESCE(SUM(open_uploads), 0) AS BIGINT) AS open_uploads
    FROM user_totals WHERE user_name = $1
    """
private let addUserTotals: SQLStatement = """
    INSERT INTO user_totals (user_name, shard, projects, open_uploads) VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_name, shard) DO UPDATE SET projects = user_totals.projects + excluded.projects,
        open_uploads = user_totals.open_uploads + excluded.open_uploads
    """
