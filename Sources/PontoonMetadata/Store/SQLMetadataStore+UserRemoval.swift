import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func removeUser(_ name: String, givingProjectsTo heir: String?) async throws -> UserRemovalResult {
        let (now, recorder) = (now, recorder)
        try await writeRetryingConflicts(changing: .none) { connection in
            // All shards are added before the user is locked: a transaction that adds a shard waits for this lock, and
            // would often deadlock with the removal.
            if try connection.exists(name) { try connection.addShards(ofUser: name) }
        }
        // If another process adds a row that refers to the user in the meantime, deleting the user violates a
        // constraint, and the retry sees that row.
        return try await writeRetryingConflicts { connection in
            // Concurrent removals run one after another, so that the last two users are not removed at the same time.
            try connection.enqueue(selectAnyMigration, lock: .forUpdate("schema_migrations"))
            let names = [name] + [heir].compactMap { $0 }
            for name in names.sorted() { try connection.enqueue(lockUser, [name], lock: .forUpdate("users")) }
            guard try connection.exists(name) else { return .noUser }
            var (given, memberships): ([String], [NewEvent]) = ([], [])
            if let heir {
                guard try connection.exists(heir) else { return .noHeir }
                (given, memberships) = try connection.giveProjects(of: name, to: heir)
            }
            let owned = try connection.query(countProjects, [name]).first?.count("total") ?? 0
            guard owned == 0 else { return .ownsProjects(owned) }
            guard try connection.query(selectTwoUsers).count > 1 else { return .isLast }
            let uploads = try connection.deleteUploads(of: name, now: now)
            let released = try uploads.compactMap { try $0.releasedUpload() }
            try connection.deleteAutomations(of: name, now: now)
            // The heir is charged for the transferred projects even if this exceeds the heir's quota. The counters are
            // locked, so that a concurrent transaction that charges the former owner is retried with the new owner.
            let moved = try connection.lockedUsage(of: given)
            try connection.release(released, charging: heir.map { [$0: moved] } ?? [:])
            var events = try uploads.map { try $0.endedUpload(.uploadAborted) }
            for project in try connection.query(selectMemberships, [name]) {
                events.append(.member(.memberRemoved, name, of: try project.projectID("project_id")))
            }
            for project in given.compactMap({ ProjectID($0) }) {
                let details: [String: JSONValue?] = [
                    "changes": .array([.string("owner")]), "owner": heir.map { .string($0) },
                ]
                events.append(.project(.projectChanged, project, details))
            }
            events += memberships
            // Hides the events that only this user could read, even from a later user with the same name.
            try connection.execute("UPDATE events SET reader = NULL WHERE reader = $1", [name])
            // Tokens, memberships, upload links, webhooks, jobs, the quota and totals are deleted by ON DELETE CASCADE.
            try connection.execute("DELETE FROM users WHERE name = $1", [name])
            try recorder.record(events.map(\.withoutReader), on: connection)
            return .removed
        }
    }

    package func projects(ownedBy userName: String, limit: Int) async throws -> [ProjectID] {
        try await read { try $0.query(selectOwnedProjects, [userName, limit]).map { try $0.projectID("id") } }
    }
}

extension SQLConnection {
    /// Adds the missing shards of a user's counters, with zeros, and locks all shards until the transaction ends.
    fileprivate func addShards(ofUser name: String) throws {
        try lockTotals(of: name)
        try lockUsage(of: .user(name))
    }

    fileprivate func exists(_ userName: String) throws -> Bool { try !query(lockUser, [userName]).isEmpty }

    /// Transfers all projects of a user to another user, who gets all permissions.
    ///
    /// - Returns: The ids of the projects, for ``lockedUsage(of:)``, and events for the memberships that were added to
    ///   the heir or changed.
    fileprivate func giveProjects(of name: String, to heir: String) throws -> ([String], [NewEvent]) {
        // The projects are locked before the memberships, so that none of them is deleted in the meantime.
        let projects = try query(lockOwnedProjects, [name], lock: .forUpdate("projects"))
        // The memberships are locked, so that the heir does not leave one of the projects in the meantime.
        let held = Dictionary(
            try query(lockMemberships, [heir, name], lock: .forUpdate("members")).map { row in
                (try row.text("project_id"), try row.permissions())
            },
            uniquingKeysWith: { first, _ in first }
        )
        try execute(insertOwnerships, [heir, name])
        try execute(changeOwner, [heir, name])
        try add(projects: [heir: projects.count - held.count])
        let ids = try projects.map { try $0.text("id") }
        let events = ids.compactMap { id -> NewEvent? in
            guard held[id] != .all, let project = ProjectID(id) else { return nil }
            return .member(held[id] == nil ? .memberAdded : .memberChanged, heir, of: project, .all)
        }
        return (ids, events)
    }

    /// Deletes all uploads that a user started, including completed uploads, without changing the usage counters.
    ///
    /// - Returns: The deleted unfinished uploads, as rows with ``endedColumns``.
    fileprivate func deleteUploads(of name: String, now: Date) throws -> [SQLRow] {
        // Links are locked before their uploads, as when an upload is started or completed.
        try enqueue(lockLinksOfUser, [name], lock: .forUpdate("upload_links"))
        // The uploads are locked. If an upload were completed between the next two statements, an object that a file
        // refers to would be discarded.
        try enqueue(lockUploadsOfUser, [name], lock: .forUpdate("uploads"))
        try execute(discardUploadsOfUser, [now, name])
        let uploads = try query(deleteOpenUploads, [name])
        try execute("DELETE FROM uploads WHERE user_name = $1", [name])
        return uploads
    }

    fileprivate func deleteAutomations(of name: String, now: Date) throws {
        try execute(discardPackageFiles, [now, name])
        for statement in deleteAutomationRows { try execute(statement, [name]) }
        try execute("DELETE FROM objects WHERE key IN (SELECT key FROM discarded_objects)")
        try execute("DELETE FROM automations WHERE owner = $1", [name])
    }
}

private let lockUser: SQLStatement = "SELECT name FROM users WHERE name = $1"
private let selectTwoUsers: SQLStatement = "SELECT name FROM users LIMIT 2"
private let countProjects: SQLStatement = "SELECT COUNT(*) AS total FROM projects WHERE owner = $1"
private let selectOwnedProjects: SQLStatement = "SELECT id FROM projects WHERE owner = $1 LIMIT $2"
private let lockOwnedProjects: SQLStatement = "SELECT id FROM projects WHERE owner = $1"
private let lockMemberships: SQLStatement = """
    SELECT members.project_id AS project_id, can_read, can_copy, can_write, can_execute, can_admin
    FROM members JOIN projects ON projects.id = members.project_id
    WHERE members.user_name = $1 AND members.can_read = 1 AND projects.owner = $2
    """
private let insertOwnerships: SQLStatement = """
    INSERT INTO members (
        project_id, user_name, project_created_on, can_read, can_copy, can_write, can_execute, can_admin
    )
    SELECT id, $1, created_on, 1, 1, 1, 1, 1 FROM projects WHERE owner = $2
    ON CONFLICT (project_id, user_name)
    DO UPDATE SET can_read = 1, can_copy = 1, can_write = 1, can_execute = 1, can_admin = 1
    """
private let changeOwner: SQLStatement = "UPDATE projects SET owner = $1 WHERE owner = $2"
private let lockLinksOfUser: SQLStatement = "SELECT id FROM upload_links WHERE created_by = $1"
private let lockUploadsOfUser: SQLStatement = "SELECT id FROM uploads WHERE user_name = $1 AND state <> 'completed'"
private let discardUploadsOfUser: SQLStatement = """
    INSERT INTO discarded_objects (key, handle, discarded_on)
    SELECT object_key, object_handle, $1 FROM uploads WHERE user_name = $2 AND state <> 'completed'
    ON CONFLICT (key) DO NOTHING
    """
private let deleteOpenUploads = SQLStatement(
    constant: "DELETE FROM uploads WHERE user_name = $1 AND state <> 'completed' RETURNING \(endedColumns)"
)
private let selectMemberships: SQLStatement = "SELECT project_id FROM members WHERE user_name = $1 AND can_read = 1"
private let discardPackageFiles: SQLStatement = """
    INSERT INTO discarded_objects (key, discarded_on)
    SELECT object_key, $1 FROM package_files
    WHERE automation_id IN (SELECT id FROM automations WHERE owner = $2)
    ON CONFLICT (key) DO NOTHING
    """
private let deleteAutomationRows: [SQLStatement] = [
    "DELETE FROM packages WHERE automation_id IN (SELECT id FROM automations WHERE owner = $1)",
    "DELETE FROM package_files WHERE automation_id IN (SELECT id FROM automations WHERE owner = $1)",
]
