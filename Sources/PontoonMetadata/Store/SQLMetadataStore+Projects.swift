package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func addProject(_ project: Project) async throws -> Bool {
        let recorder = recorder
        do {
            return try await write { try $0.insert(project, recorder) }
        } catch let error as SQLError where error.kind == .foreignKeyViolation {
            throw PontoonError.noSuchUser
        }
    }

    package func isTaken(_ id: ProjectID) async throws -> Bool {
        try await read { try !$0.query(selectProjectID, [id]).isEmpty }
    }

    package func ownedProjects(of userName: String, upTo limit: Int) async throws -> Int {
        try await read { try $0.query(countOwnedProjects, [userName, limit]).first?.count("total") ?? 0 }
    }

    package func project(
        _ id: ProjectID,
        for userName: String,
        reading consistency: ReadConsistency
    ) async throws -> AccessibleProject? {
        let membership = ReadCache.Membership(userName: userName, project: id)
        return try await cache.projects.row(membership, reading: consistency) {
            try await read { connection in
                let rows = try connection.query(selectAccessibleProject, [id, userName])
                return try connection.accessibleProjects(rows).first
            }
        }
    }

    package func projects(
        for userName: String,
        matching filter: ProjectFilter,
        page: Page
    ) async throws -> Listing<AccessibleProject> {
        if filter.ids?.isEmpty == true { return Listing(items: [], total: 0) }
        return try await read { connection in
            var selection = SQLBuilder("")
            selection.append(filter, userName: userName)
            let total: Int
            if filter.isEmpty {
                total = try connection.projectTotal(of: userName)
            } else {
                var count = selection
                count.wrap("SELECT COUNT(*) AS total", "")
                total = try connection.query(count).first?.count("total") ?? 0
            }
            guard let window = PageWindow(page, of: total) else { return Listing(items: [], total: total) }
            selection.wrap("SELECT \(accessibleColumns)", window.isBackward ? oldestFirst : newestFirst)
            selection.append(window)
            let rows = window.inOrder(try connection.query(selection))
            return Listing(items: try connection.accessibleProjects(rows), total: total)
        }
    }

    package func updateProject(_ id: ProjectID, _ change: ProjectChange, now: Date) async throws -> Project? {
        let recorder = recorder
        return try await write { connection in
            let values: [(any SQLConvertible)?] = [
                change.name, change.name?.lowercased(), change.description, change.settings, change.billingGroup,
                now, id, change.expectedSettings,
            ]
            guard let row = try connection.query(updateProjectRow, values).first else { return nil }
            if let tags = change.tags {
                try connection.execute("DELETE FROM project_tags WHERE project_id = $1", [id])
                try connection.insert(tags: tags, of: id)
            }
            let project = try row.project(tags: try connection.projectTags([id.description])[id.description] ?? [])
            try recorder.record([.project(.projectChanged, id, ["changes": change.names])], on: connection)
            return project
        }
    }

    package func deleteProject(_ id: ProjectID) async throws -> [RevokedToken]? {
        let (now, recorder) = (now, recorder)
        return try await writeRetryingConflicts { connection in
            // The project is locked, so that no upload to the project is completed between the statements. If another
            // process copies one of the project's files in the meantime, deleting the object violates a constraint, and
            // the retry sees the copy.
            let rows = try connection.query(selectProjectOwner, [id], lock: .forUpdate("projects"))
            guard let owner = try rows.first?.text("owner") else { return nil }
            try connection.execute(discardUploadsOfProject, [now, id])
            try connection.execute(discardFilesOfProject, [now, id])
            let openUploads = try connection.query(deleteOpenUploads, [id]).map { try $0.text("user_name") }
            let members = try connection.query(deleteMembers, [id]).map { try $0.text("user_name") }
            try connection.add(
                projects: Dictionary(members.map { ($0, -1) }, uniquingKeysWith: +),
                openUploads: Dictionary(openUploads.map { ($0, -1) }, uniquingKeysWith: +)
            )
            try connection.execute("DELETE FROM uploads WHERE project_id = $1", [id])
            try connection.execute("DELETE FROM files WHERE project_id = $1", [id])
            try connection.execute("DELETE FROM objects WHERE key IN (SELECT key FROM discarded_objects)")
            let usage = try connection.lockedUsage(of: [id.description])
            try connection.release([], charging: [owner: usage.negated])
            // The counters, tags, quota, upload links and webhooks are deleted by ON DELETE CASCADE.
            try connection.execute("DELETE FROM projects WHERE id = $1", [id])
            let revoked = try connection.endTokenLimits(to: id, reporting: RevokedToken.maximumReported)
            // Each former member except the owner can read the event that records their removal. The owner can read the
            // event that records the deletion.
            let removed = members.filter { $0 != owner }.map { NewEvent.member(.memberRemoved, $0, of: id) }
            try recorder.record(removed + [.project(.projectDeleted, id, reader: owner)], on: connection)
            return revoked
        }
    }
}

extension ProjectChange {
    /// The JSON names of the properties that the change sets, even to the same value.
    fileprivate var names: JSONValue {
        let names = [
            name == nil ? nil : "name", description == nil ? nil : "description", settings == nil ? nil : "settings",
            billingGroup == nil ? nil : "billing_group", tags == nil ? nil : "tags",
        ]
        return .array(names.compactMap { $0.map { .string($0) } })
    }
}

extension SQLBuilder {
    fileprivate mutating func append(_ filter: ProjectFilter, userName: String) {
        append(" FROM members JOIN projects ON projects.id = members.project_id WHERE members.user_name = ")
        append(value: userName)
        append(" AND members.can_read = 1")
        if let ids = filter.ids {
            append(" AND projects.id IN ")
            append(list: ids.sorted { $0.description < $1.description })
        }
        if let owner = filter.owner {
            append(" AND projects.owner = ")
            append(value: owner)
        }
        if let name = filter.name {
            append(" AND projects.name_folded LIKE ")
            append(value: "%\(Self.escaped(name.lowercased()))%")
            append(" ESCAPE '\\'")
        }
        for tag in filter.tags {
            append(" AND EXISTS (SELECT 1 FROM project_tags WHERE project_id = projects.id AND tag = ")
            append(value: tag)
            append(")")
        }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
    }
}

extension SQLConnection {
    /// Adds a project, its root folder and its owner's membership, and records the event.
    ///
    /// - Returns: `false` if the id is taken.
    /// - Throws: ``SQLError``, which is a foreign key violation if the owner does not exist.
    func insert(_ project: Project, _ recorder: EventRecorder) throws -> Bool {
        let values: [(any SQLConvertible)?] = [
            project.id, project.uuid, project.owner, project.name, project.name.lowercased(), project.description,
            project.settings, project.billingGroup, project.rootFolder, project.createdBy, project.createdOn,
            project.modifiedOn,
        ]
        guard try execute(insertProject, values) == 1 else { return false }
        try endTokenLimits(to: project.id)
        try insert(tags: project.tags, of: project.id)
        try execute(insertRootFolder, [project.rootFolder, project.id, project.createdOn])
        try execute(insertOwner, [project.id, project.owner, project.createdOn])
        try add(projects: [project.owner: 1])
        let details: [String: JSONValue?] = ["name": .string(project.name), "owner": .string(project.owner)]
        try recorder.record([.project(.projectCreated, project.id, details)], on: self)
        return true
    }

    fileprivate func insert(tags: [String], of id: ProjectID) throws {
        let rows = tags.enumerated().map { [id, $0.offset, $0.element] as [any SQLConvertible] }
        try insert(into: "project_tags (project_id, position, tag)", rows: rows)
    }

    fileprivate func accessibleProjects(_ rows: [SQLRow]) throws -> [AccessibleProject] {
        let tags = try projectTags(try rows.map { try $0.text("id") })
        return try rows.map { row in
            let project = try row.project(tags: tags[try row.text("id")] ?? [])
            return AccessibleProject(project: project, permissions: try row.permissions())
        }
    }

    fileprivate func projectTags(_ ids: [String]) throws -> [String: [String]] {
        guard !ids.isEmpty else { return [:] }
        var select = SQLBuilder("SELECT project_id, tag FROM project_tags WHERE project_id IN ")
        select.append(list: ids)
        select.append(" ORDER BY project_id, position")
        return try query(select).reduce(into: [:]) { tags, row in
            tags[try row.text("project_id"), default: []].append(try row.text("tag"))
        }
    }
}

extension SQLRow {
    fileprivate func project(tags: [String]) throws -> Project {
        var project = Project(
            id: try projectID("id"),
            owner: try text("owner"),
            uuid: try text("uuid"),
            name: try text("name"),
            description: try text("description"),
            tags: tags,
            settings: try text("settings"),
            billingGroup: try text("billing_group"),
            rootFolder: try text("root_folder"),
            createdBy: try text("created_by"),
            createdOn: try date("created_on")
        )
        project.modifiedOn = try date("modified_on")
        return project
    }

    /// Returns the project id in a column.
    ///
    /// - Throws: ``SQLRowError`` if the text is not `owner/project`.
    func projectID(_ column: String) throws -> ProjectID {
        try decode(column, try text(column)) { ProjectID($0) }
    }
}

private let projectColumns = """
    projects.id AS id, projects.owner AS owner, projects.uuid AS uuid, projects.name AS name,
    projects.description AS description,
    projects.settings AS settings, projects.billing_group AS billing_group, projects.root_folder AS root_folder,
    projects.created_by AS created_by, projects.created_on AS created_on, projects.modified_on AS modified_on
    """
private let accessibleColumns = """
    \(projectColumns), members.can_read AS can_read, members.can_copy AS can_copy, members.can_write AS can_write,
    members.can_execute AS can_execute, members.can_admin AS can_admin
    """
private let selectAccessibleProject = SQLStatement(
    constant: """
        SELECT \(accessibleColumns) FROM members JOIN projects ON projects.id = members.project_id
        WHERE members.project_id = $1 AND members.user_name = $2 AND members.can_read = 1
        """
)
private let insertProject: SQLStatement = """
    INSERT INTO projects (
        id, uuid, owner, name, name_folded, description, settings, billing_group, root_folder, created_by,
        created_on, modified_on
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING
    """
private let insertRootFolder: SQLStatement = """
    INSERT INTO files (id, project_id, name, kind, created_on, modified_on) VALUES ($1, $2, '', 'folder', $3, $3)
    """
private let insertOwner: SQLStatement = """
    INSERT INTO members (
        project_id, user_name, project_created_on, can_read, can_copy, can_write, can_execute, can_admin
    ) VALUES ($1, $2, $3, 1, 1, 1, 1, 1)
    """
private let updateProjectRow = SQLStatement(
    constant: """
        UPDATE projects SET name = COALESCE($1, name), name_folded = COALESCE($2, name_folded),
            description = COALESCE($3, description), settings = COALESCE($4, settings),
            billing_group = COALESCE($5, billing_group), modified_on = $6
        WHERE id = $7 AND settings = COALESCE($8, settings) RETURNING \(projectColumns)
        """
)
private let countOwnedProjects: SQLStatement = """
    SELECT COUNT(*) AS total FROM (SELECT id FROM projects WHERE owner = $1 LIMIT $2) AS found
    """
private let selectProjectOwner: SQLStatement = "SELECT owner FROM projects WHERE id = $1"
private let selectProjectID: SQLStatement = "SELECT id FROM projects WHERE id = $1"
// These orders match the index members_by_time.
private let newestFirst = " ORDER BY members.project_created_on DESC, members.project_id"
private let oldestFirst = " ORDER BY members.project_created_on, members.project_id DESC"
private let deleteOpenUploads: SQLStatement = """
    DELETE FROM uploads WHERE project_id = $1 AND state <> 'completed' RETURNING user_name
    """
private let deleteMembers: SQLStatement = "DELETE FROM members WHERE project_id = $1 RETURNING user_name"
private let discardUploadsOfProject: SQLStatement = """
    INSERT INTO discarded_objects (key, handle, discarded_on)
    SELECT object_key, object_handle, $1 FROM uploads WHERE project_id = $2 AND state <> 'completed'
    ON CONFLICT (key) DO NOTHING
    """
// The cast is for PostgreSQL, which assumes that a parameter in SELECT DISTINCT is text.
private let discardFilesOfProject: SQLStatement = """
    INSERT INTO discarded_objects (key, discarded_on)
    SELECT DISTINCT mine.object_key, CAST($1 AS BIGINT) FROM files AS mine
    WHERE mine.project_id = $2 AND mine.object_key IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM files AS other WHERE other.object_key = mine.object_key AND other.project_id <> mine.project_id
    )
    ON CONFLICT (key) DO NOTHING
    """
