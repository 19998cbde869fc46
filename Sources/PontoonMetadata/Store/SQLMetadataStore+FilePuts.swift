package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func addFile(
        _ file: File,
        by userName: String,
        onConflict rule: NameConflictRule,
        leaseID: String?
    ) async throws -> AddedFile? {
        guard let content = file.content, let folder = file.parent else { throw PontoonError.noSuchDestination }
        let (now, defaults, recorder) = (now, defaultQuotas, recorder)
        return try await writeRetryingConflicts(changing: rule == .overwrite ? .files : .none) { connection in
            let account = try connection.account(of: file.project, folder, userName, defaults)
            let lease: [any SQLConvertible] = leaseID.map { [content.key.leasedTask, $0] } ?? []
            if !lease.isEmpty {
                let leased = try connection.query(selectObjectLease, lease, lock: .forUpdate("leases"))
                guard !leased.isEmpty else { return nil }
            }
            var events: [NewEvent] = []
            let (added, usage) = try connection.add(file, content, in: folder, rule, now: now, &events)
            guard case .added = added else { return added }
            if !lease.isEmpty { try connection.enqueue(deleteObjectLease, lease) }
            try connection.add(usage, to: account)
            try recorder.record(events, by: userName, on: connection)
            return added
        }
    }

    package func leaseObjects(_ keys: [ObjectKey], _ lease: Lease) async throws {
        try await write(changing: .none) { connection in
            for key in keys {
                try connection.enqueue(insertObjectLease, [key.leasedTask, lease.id, lease.expiresOn])
            }
        }
    }

    package func renewObjectLeases(_ lease: Lease) async throws -> Bool {
        try await write(changing: .none) { try $0.execute(extendObjectLeases, [lease.expiresOn, lease.id]) > 0 }
    }

    package func discardLeasedObjects(leaseID: String) async throws -> Set<ObjectKey> {
        let now = now
        return try await write(changing: .none) { connection in
            let again = now.addingTimeInterval(ObjectLeases.timeOfLateRequests)
            let keys = try connection.query(voidObjectLeases, [again, leaseID]).map { try $0.leasedObject() }
            for key in keys { try connection.discard(key.rawValue, nil, now: now) }
            return Set(keys)
        }
    }

    package func discardLeasedObjects(until time: Date) async throws -> Int {
        let now = now
        return try await write(changing: .none) { connection in
            let again = now.addingTimeInterval(ObjectLeases.timeOfLateRequests)
            // Void leases are deleted before more leases are voided, because the new ones must remain until `again`.
            let void = try connection.query(deleteVoidObjectLeases, [time])
            let expired = try connection.query(voidExpiredObjectLeases, [again, time])
            for row in void + expired { try connection.discard(try row.leasedObject().rawValue, nil, now: now) }
            return void.count + expired.count
        }
    }

    package func discardUnrecordedObject(_ key: ObjectKey) async throws -> Bool {
        let now = now
        return try await write(changing: .none) { connection in
            // Waits for an uncommitted transaction that has inserted the same key.
            guard try connection.execute(insertPlaceholder, [key, now]) == 1 else { return false }
            try connection.execute("DELETE FROM objects WHERE key = $1", [key])
            try connection.discard(key.rawValue, nil, now: now)
            return true
        }
    }
}

extension SQLRow {
    /// Returns the key of a leased object, from the column `task` of the table `leases`.
    func leasedObject() throws -> ObjectKey { try decode("task", try text("task")) { ObjectKey(leasedTask: $0) } }
}

extension ObjectKey {
    fileprivate static let leasedTaskPrefix = "object/"

    /// The name of the task for which the table `leases` contains the object's lease.
    var leasedTask: String { Self.leasedTaskPrefix + rawValue }

    /// Parses the name of a task; returns `nil` if the task is not the lease of an object.
    fileprivate init?(leasedTask task: String) {
        guard task.hasPrefix(Self.leasedTaskPrefix) else { return nil }
        self.init(String(task.dropFirst(Self.leasedTaskPrefix.count)))
    }
}

extension SQLConnection {
    /// Returns the account of a folder's project, and locks the project against deletion until the transaction ends.
    ///
    /// - Throws: `.destinationNotFound` if the project does not contain the folder or the user may not write to it.
    func account(
        of project: ProjectID,
        _ folder: String,
        _ userName: String,
        _ defaults: DefaultQuotas
    ) throws -> UsageAccount {
        let values: [any SQLConvertible] = [userName, folder, project]
        let place = try query(selectPlace, values, lock: .forShare("projects"))
        guard let place = place.first, try place.flag("may_write") else { throw PontoonError.noSuchDestination }
        var account = try place.usageAccount(defaults)
        account.setCaller(userName, isSender: false)
        return account
    }

    /// Adds a file to a folder, and appends the events to `events`.
    ///
    /// If the rule is `skip` and the folder contains a file with this name, returns the existing file instead.
    ///
    /// - Returns: The file, and the change in usage, which the caller must add to the account.
    /// - Throws: `.nameTaken` if the rule is `fail` and a file has the name; `.folderExists` if a folder has the name
    ///   and the rule is not `rename`; `.fileNameInvalid` if the numbered name is too long; `.destinationNotFound` if
    ///   the project does not contain the folder.
    func add(
        _ file: File,
        _ content: FileContent,
        in folder: String,
        _ rule: NameConflictRule,
        now: Date,
        isCounted: Bool = true,
        _ events: inout [NewEvent]
    ) throws -> (AddedFile, Usage) {
        if rule == .skip, let existing = try self.file(named: file.name, in: folder) {
            guard existing.kind == .file else { throw PontoonError.folderInTheWay }
            return (.skipped(existing), Usage())
        }
        var file = file
        let replaced = try makeRoom(for: &file, in: folder, rule, now: now, &events)
        try insert(content, createdOn: file.createdOn)
        try insert(file, isCounted: isCounted)
        events.append(.file(.created, file))
        return (.added(file), Usage(storedBytes: content.size, files: 1) + replaced.negated)
    }

    /// Deletes the existing file that a new file replaces, if there is one, and appends the deletion to `events`.
    ///
    /// - Returns: The usage of the deleted file, which the caller must subtract from the counters; zero if there is no
    ///   such file.
    /// - Throws: `.folderExists` if a folder has the name.
    func deleteExisting(_ file: File, now: Date, _ events: inout [NewEvent]) throws -> Usage {
        let rows = try query(selectExistingEntry, [file.parent, file.name], lock: .forUpdate("files"))
        guard let row = rows.first else { return Usage() }
        guard try row.fileKind("kind") == .file else {
            throw PontoonError.folderInTheWay
        }
        let id = try row.text("id")
        try deleteFile(id, objectKey: try row.optionalText("object_key"), now: now)
        let details: [String: JSONValue?] = ["replaced_by": .string(file.id)]
        events.append(
            .file(.deleted, .file, id: id, name: file.name, in: file.parent, of: file.project, details)
        )
        return try row.fileUsage()
    }

    /// Makes a name available for a new file: depending on the rule, checks that the name is free, chooses a free name,
    /// or deletes the existing file.
    ///
    /// Does nothing for the rule `skip`, for which the caller must have checked that the name is free. For the rule
    /// `rename`, changes the name of `file` if it is taken.
    ///
    /// - Returns: The usage of the deleted file, which the caller must subtract from the counters; zero if no file was
    ///   deleted.
    /// - Throws: `.nameTaken` if the rule is `fail` and a file has the name; `.folderExists` if a folder has the name
    ///   and the rule is `fail` or `overwrite`; `.fileNameInvalid` if the numbered name is too long.
    func makeRoom(
        for file: inout File,
        in folder: String,
        _ rule: NameConflictRule,
        now: Date,
        _ events: inout [NewEvent]
    ) throws -> Usage {
        switch rule {
        case .fail: try refuse(taken: file.name, in: folder, asFile: .nameTaken)
        case .skip: break
        case .overwrite:
            try lock(folder: folder)
            return try deleteExisting(file, now: now, &events)
        case .rename:
            try lock(folder: folder)
            file.name = try freeName(for: file.name, in: folder)
        }
        return Usage()
    }

    /// Returns the name itself if it is free in a folder, or else the name with a number that makes it free.
    ///
    /// The caller must have locked the folder. The number is the lowest free number if the numbers in use have no gaps.
    ///
    /// - Throws: `.fileNameInvalid` if the numbered name is too long.
    fileprivate func freeName(for name: String, in folder: String) throws -> String {
        let number = try FreeNumber.first { number in
            try kind(named: try NumberedName.forNewFile(name, attempt: number), in: folder) != nil
        }
        return try NumberedName.forNewFile(name, attempt: number)
    }
}

private let selectPlace = SQLStatement(
    constant: """
        SELECT \(accountColumns), COALESCE((
                SELECT can_write FROM members
                WHERE members.project_id = projects.id AND members.user_name = $1 AND members.can_read = 1
            ), 0) AS may_write
        FROM files JOIN projects ON projects.id = files.project_id \(accountQuotas)
        WHERE files.id = $2 AND files.project_id = $3 AND files.kind = 'folder'
        """
)
private let selectExistingEntry: SQLStatement = """
    SELECT files.id AS id, files.kind AS kind, files.object_key AS object_key, objects.size AS size
    FROM files LEFT JOIN objects ON objects.key = files.object_key WHERE files.parent_id = $1 AND files.name = $2
    """
private let insertObjectLease: SQLStatement = "INSERT INTO leases (task, holder, expires_on) VALUES ($1, $2, $3)"
private let selectObjectLease: SQLStatement = "SELECT task FROM leases WHERE task = $1 AND holder = $2"
let deleteObjectLease: SQLStatement = "DELETE FROM leases WHERE task = $1 AND holder = $2"
// '0' is the character after '/', so the range contains the names that start with 'object/'.
private let extendObjectLeases: SQLStatement = """
    UPDATE leases SET expires_on = $1 WHERE task > 'object/' AND task < 'object0' AND holder = $2
    """
private let voidObjectLeases: SQLStatement = """
    UPDATE leases SET holder = '', expires_on = $1 WHERE task > 'object/' AND task < 'object0' AND holder = $2
    RETURNING task
    """
private let deleteVoidObjectLeases: SQLStatement = """
    DELETE FROM leases WHERE task > 'object/' AND task < 'object0' AND holder = '' AND expires_on <= $1 RETURNING task
    """
private let voidExpiredObjectLeases: SQLStatement = """
    UPDATE leases SET holder = '', expires_on = $1
    WHERE task > 'object/' AND task < 'object0' AND holder <> '' AND expires_on <= $2 RETURNING task
    """
private let insertPlaceholder: SQLStatement = """
    INSERT INTO objects (key, size, created_on, checked_on) VALUES ($1, 0, $2, $2) ON CONFLICT (key) DO NOTHING
    """
