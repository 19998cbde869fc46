package import PontoonCore

extension SQLMetadataStore {
    package func files(in folder: String, filter: FileFilter, window: FileWindow) async throws -> Listing<File> {
        guard !filter.matchesNothing, filter.names?.isEmpty != true else { return Listing(items: [], total: 0) }
        return try await read { connection in
            let selection = try connection.selection(folder, filter)
            let total = try connection.total(of: selection)
            var ids = SQLBuilder("SELECT files.id AS page_id")
            ids.append(selection)
            guard ids.append(window, of: total) else { return Listing(items: [], total: total) }
            return Listing(items: try connection.files(ofPage: ids), total: total)
        }
    }
}

/// The entries of a folder that match a filter, and the index that the search uses first.
private struct Selection {
    let folder: String
    /// The project of the folder; `nil` if there are no conditions on labels, or the folder does not exist.
    let project: String?
    let names: [String]?
    /// The condition whose index the search uses first; `nil` if the search reads the folder's index by name.
    var start: Label?
    /// The conditions to check for each file found.
    var others: [Label]

    var isWholeFolder: Bool { names == nil && start == nil && others.isEmpty }
}

/// A condition on a file's tags or metadata.
///
/// Tags and metadata each have an index by project and value, and one by file.
private enum Label {
    /// Any of these tags.
    case tags([String])
    /// Any of these values of a metadata key.
    case metadata(key: String, values: [String])

    static func all(of filter: FileFilter) -> [Label] {
        var labels: [Label] = []
        if let tags = filter.tags, !tags.isEmpty { labels.append(.tags(tags)) }
        // The keys are sorted, so that equal filters result in the same statement.
        for (key, values) in filter.metadata.sorted(by: { $0.key < $1.key }) where !values.isEmpty {
            labels.append(.metadata(key: key, values: values))
        }
        return labels
    }
}

extension SQLConnection {
    /// Chooses the index that the search uses first.
    ///
    /// The search starts with the entries of the folder or with the files of its project that satisfy one of the
    /// conditions, whichever set is approximately the smallest.
    ///
    /// The cost of the choice is proportional to the cost of the search, regardless of how many files satisfy the other
    /// conditions. Files of other projects are never read, so that the duration of a search reveals nothing about them.
    fileprivate func selection(_ folder: String, _ filter: FileFilter) throws -> Selection {
        let labels = Label.all(of: filter)
        let project = labels.isEmpty ? nil : try query(selectProjectOfFolder, [folder]).first?.text("project_id")
        var selection = Selection(folder: folder, project: project, names: filter.names, others: labels)
        // A filter by name contains only a few names, which are found by index.
        guard filter.names == nil, !selection.others.isEmpty else { return selection }
        let entries = try entries(of: folder)
        var limit = 4
        while true {
            let bound = min(limit, entries)
            for (index, label) in selection.others.enumerated()
            where try count(label, in: project, upTo: bound) < bound {
                selection.start = selection.others.remove(at: index)
                return selection
            }
            guard bound < entries else { return selection }
            limit *= 8
        }
    }

    private func count(_ label: Label, in project: String?, upTo limit: Int) throws -> Int {
        var count = SQLBuilder("SELECT COUNT(*) AS total FROM (SELECT file_id FROM ")
        count.append(label, in: project)
        count.append(" LIMIT ")
        count.append(value: limit)
        count.append(") AS found")
        return try query(count).first?.count("total") ?? 0
    }

    fileprivate func total(of selection: Selection) throws -> Int {
        guard !selection.isWholeFolder else { return try entries(of: selection.folder) }
        var total = SQLBuilder("SELECT COUNT(*) AS total")
        total.append(selection)
        return try query(total).first?.count("total") ?? 0
    }

    /// Returns the files of a page, ordered by name.
    ///
    /// Entries before the page are skipped by reading only the index.
    fileprivate func files(ofPage ids: SQLBuilder) throws -> [File] {
        var select = ids
        select.wrap(
            "SELECT \(fileColumns) FROM (",
            ") AS page CROSS JOIN \(fileTables) WHERE files.id = page.page_id ORDER BY files.name"
        )
        return try files(try query(select))
    }
}

extension SQLBuilder {
    /// Appends the order and limits that select a window of a list with `total` entries.
    ///
    /// - Returns: `false`, with nothing appended, if the window is empty.
    fileprivate mutating func append(_ window: FileWindow, of total: Int) -> Bool {
        switch window {
        case .page(let page):
            guard let rows = PageWindow(page, of: total) else { return false }
            append(" ORDER BY files.name")
            if rows.isBackward { append(" DESC") }
            append(rows)
        case .after(let name, let limit):
            guard limit > 0 else { return false }
            if let name {
                append(" AND files.name > ")
                append(value: name)
            }
            append(" ORDER BY files.name LIMIT ")
            append(value: limit)
        }
        return true
    }

    /// Appends the `FROM` and `WHERE` clauses of a selection.
    ///
    /// `CROSS JOIN` makes SQLite read the tables in the given order.
    fileprivate mutating func append(_ selection: Selection) {
        if let start = selection.start {
            append(" FROM (SELECT DISTINCT file_id FROM ")
            append(start, in: selection.project)
            append(") AS found CROSS JOIN files WHERE files.id = found.file_id AND files.parent_id = ")
        } else {
            append(" FROM files WHERE files.parent_id = ")
        }
        append(value: selection.folder)
        if let names = selection.names {
            append(" AND files.name IN ")
            append(list: names)
        }
        for label in selection.others {
            append(" AND EXISTS (SELECT 1 FROM ")
            append(label, in: selection.project)
            append(" AND file_id = files.id)")
        }
    }

    fileprivate mutating func append(_ label: Label, in project: String?) {
        switch label {
        case .tags(let tags):
            append("file_tags WHERE project_id = ")
            append(value: project ?? "")
            append(" AND tag IN ")
            append(list: tags)
        case .metadata(let key, let values):
            append("file_metadata WHERE project_id = ")
            append(value: project ?? "")
            append(" AND key = ")
            append(value: key)
            append(" AND value IN ")
            append(list: values)
        }
    }
}

private let selectProjectOfFolder: SQLStatement = "SELECT project_id FROM files WHERE id = $1"
