import PontoonCore

/// The rows of an index that make up a page, counted from the nearer end of the list: the last page costs what the first
/// does, and one in the middle its distance to an end.
struct PageWindow {
    /// Whether rows are read, and skipped, from the end.
    let isBackward: Bool
    /// How many rows are skipped.
    let offset: Int
    /// How many rows are read, 1 or more.
    let limit: Int

    /// - Returns: `nil` when the page is empty.
    init?(_ page: Page, of total: Int) {
        // No overflow: neither is negative.
        let limit = min(page.limit, total - page.offset)
        guard limit > 0 else { return nil }
        let after = total - page.offset - limit
        isBackward = after < page.offset
        offset = min(after, page.offset)
        self.limit = limit
    }

    /// The rows as they were read, in the order of the list.
    func inOrder<Item>(_ rows: [Item]) -> [Item] { isBackward ? rows.reversed() : rows }
}

extension SQLBuilder {
    /// Appends which stretch of the rows is wanted.
    mutating func append(_ stretch: PageWindow) {
        append(" LIMIT ")
        append(value: stretch.limit)
        append(" OFFSET ")
        append(value: stretch.offset)
    }
}

/// Lengths of lists. A transaction that changes several takes users before folders and each of them by name, so that no
/// two wait for each other.
extension SQLConnection {
    /// How many files and folders lie directly in a folder.
    func entries(of folder: String) throws -> Int {
        try query(selectEntries, [folder]).first?.count("entries") ?? 0
    }

    /// Notes that entries came to folders (above 0) or left them (below 0).
    func add(entries: [String: Int]) throws {
        for (folder, change) in entries.sorted(by: { $0.key < $1.key }) where change != 0 {
            try send(addEntries, [folder, change])
        }
    }

    /// Holds a folder until the transaction ends: of those who take a name in it, the later one sees the earlier one's.
    ///
    /// Comes before the folder's entries and their objects, so that no two wait for each other.
    func hold(folder: String) throws {
        try send("SELECT id FROM files WHERE id = $1", [folder], holding: .exclusive("files"))
    }

    /// How many projects a user may read.
    func projectTotal(of userName: String) throws -> Int {
        try query(selectUserTotals, [userName]).first?.count("projects") ?? 0
    }

    /// How many uploads to folders a user has that are not completed.
    func openUploadTotal(of userName: String) throws -> Int {
        try query(selectUserTotals, [userName]).first?.count("open_uploads") ?? 0
    }

    /// Notes that users' lists became longer (above 0) or shorter (below 0).
    func add(projects: [String: Int] = [:], openUploads: [String: Int] = [:]) throws {
        for user in Set(projects.keys).union(openUploads.keys).sorted() {
            try send(addUserTotals, [user, projects[user] ?? 0, openUploads[user] ?? 0])
        }
    }
}

private let selectEntries: SQLStatement = "SELECT entries FROM folder_totals WHERE folder_id = $1"
private let addEntries: SQLStatement = """
    INSERT INTO folder_totals (folder_id, entries) VALUES ($1, $2)
    ON CONFLICT (folder_id) DO UPDATE SET entries = folder_totals.entries + excluded.entries
    """
private let selectUserTotals: SQLStatement = "SELECT projects, open_uploads FROM user_totals WHERE user_name = $1"
private let addUserTotals: SQLStatement = """
    INSERT INTO user_totals (user_name, projects, open_uploads) VALUES ($1, $2, $3)
    ON CONFLICT (user_name) DO UPDATE SET projects = user_totals.projects + excluded.projects,
        open_uploads = user_totals.open_uploads + excluded.open_uploads
    """
