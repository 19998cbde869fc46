package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func countPasswordAttempt(for link: String, from address: String, now: Date) async throws -> Date? {
        try await write(changing: .none) { connection in
            // The link is locked, so that concurrent attempts are counted one after another.
            guard try !connection.query(lockLink, [link], lock: .forUpdate("upload_links")).isEmpty else {
                throw PontoonError.uploadLinkNotFound
            }
            let (begin, end) = attemptWindow(around: now)
            try connection.execute(deleteAttemptsOfLink, [link, begin, end])
            let rows = try connection.query(selectAttempts, [link])
            var total: Int64 = 0
            var fromAddress: Int64 = 0
            for row in rows {
                let attempts = try row.integer("attempts")
                total += attempts
                if try row.text("address") == address { fromAddress = attempts }
            }
            guard total < UploadLinkRules.maximumAttemptsPerLink,
                fromAddress < UploadLinkRules.maximumAttemptsPerAddress
            else {
                let isAddressFull = fromAddress >= UploadLinkRules.maximumAttemptsPerAddress
                let counted = try rows.filter { try !isAddressFull || $0.text("address") == address }
                let times = try counted.map { try $0.date("began_on") }
                // The passwords of the most recent attempts may not have been verified yet. A correct password deletes
                // the count of its address, so the next attempt may be allowed soon.
                let compared = (times.max() ?? now).addingTimeInterval(UploadLinkRules.comparisonTime)
                return compared > now ? compared : times.min()?.addingTimeInterval(UploadLinkRules.attemptWindow)
            }
            try connection.execute(addAttempt, [link, address, now])
            return nil
        }
    }

    package func forgetPasswordAttempts(for link: String, from address: String) async throws {
        try await write(changing: .none) { _ = try $0.execute(deleteAttempts, [link, address]) }
    }

    package func addSenderSession(
        _ session: SenderSession,
        tokenHash: String,
        maximum: Int
    ) async throws -> SenderSessionResult {
        let (link, recorder) = (session.link.id, recorder)
        return try await write(changing: .none) { connection in
            // The link is locked, so that concurrent calls do not exceed the limits.
            guard try !connection.query(lockLink, [link], lock: .forUpdate("upload_links")).isEmpty else {
                return .noLink
            }
            let recently = session.createdOn.addingTimeInterval(-60)
            let counts = try connection.query(countSessions, [recently, link]).first
            guard try counts?.count("recent") ?? 0 < UploadLinkRules.maximumSignInsPerMinute else { return .tooMany }
            if try counts?.count("total") ?? 0 >= maximum {
                guard try connection.execute(deleteIdleSession, [link]) == 1 else { return .full }
            }
            let values: [(any SQLConvertible)?] = [
                session.id, tokenHash, link, session.sender, session.createdOn, session.usedOn,
            ]
            try connection.execute(insertSession, values)
            try recorder.record([.linkUsed(session)], by: nil, on: connection)
            return .added
        }
    }

    package func senderSession(
        withTokenHash hash: String
    ) async throws -> (session: SenderSession, isUsable: Bool)? {
        try await read { connection in
            guard let row = try connection.query(selectSession, [hash]).first else { return nil }
            let session = SenderSession(
                id: try row.text("session_id"),
                link: try row.link(),
                sender: try row.optionalText("sender"),
                createdOn: try row.date("session_created_on"),
                usedOn: try row.date("used_on")
            )
            return (session, try row.flag("is_usable"))
        }
    }

    package func noteUse(ofSenderSession id: String, now: Date) async throws {
        try await write(changing: .none) { _ = try $0.execute(updateUse, [now, id]) }
    }

    package func pruneSenderSessions(usedBefore time: Date, attemptsBefore other: Date) async throws {
        try await write(changing: .none) { connection in
            try connection.execute("DELETE FROM sender_sessions WHERE used_on < $1", [time])
            try connection.execute("DELETE FROM password_attempts WHERE began_on < $1", [other])
        }
    }

    package func folder(
        of session: SenderSession,
        path: [String],
        now: Date,
        maximumFolders: Int64
    ) async throws -> String {
        // Reads without a lock first, because most files are sent to a folder that already exists.
        let existing = try await read { connection -> String? in
            guard let own = try connection.query(selectSessionFolder, [session.id]).first else { return nil }
            var folder = try own.text("id")
            for name in path {
                guard case .folder(let id) = try connection.entry(named: name, in: folder) else { return nil }
                folder = id
            }
            return folder
        }
        if let existing { return existing }
        let recorder = recorder
        return try await writeRetryingConflicts(changing: .files) { connection in
            // The project is locked before the link, as in every transaction that locks both, to avoid deadlocks.
            try connection.enqueue(selectProjectOfSession, [session.id], lock: .forShare("projects"))
            let links = try connection.query(selectLinkOfSession, [session.id], lock: .forUpdate("upload_links"))
            guard let link = links.first else { throw PontoonError.uploadLinkRevoked }
            // The number of folders is limited, because aborting an upload does not remove its folders.
            guard try link.integer("folders") + Int64(path.count) < maximumFolders else {
                throw PontoonError(
                    .limitReached,
                    "The senders of this upload link may create at most \(maximumFolders) folders; request another link."
                )
            }
            var events: [NewEvent] = []
            var folder = try connection.ownFolder(of: session, now: now, &events)
            for name in path {
                switch try connection.entry(named: name, in: folder) {
                case .folder(let id): folder = id
                case .file:
                    throw PontoonError(
                        .nameTaken,
                        "The folder '\(name)' cannot be created, because a file has this name; rename the folder."
                    )
                case nil: folder = try connection.insertFolder(name, in: folder, of: session.link, now: now, &events)
                }
            }
            try recorder.record(events, by: nil, on: connection)
            return folder
        }
    }

    package func uploads(ofSenderSession id: String, page: Page) async throws -> Listing<UploadSummary> {
        try await read { connection in
            let total = try connection.query(countUploadsOfSession, [id]).first?.count("total") ?? 0
            guard let window = PageWindow(page, of: total) else { return Listing(items: [], total: total) }
            let select = window.isBackward ? selectUploadsOfSessionBackward : selectUploadsOfSession
            let rows = try connection.query(select, [id, window.limit, window.offset])
            return Listing(items: try connection.summaries(window.inOrder(rows)), total: total)
        }
    }
}

private enum FolderEntry {
    case file
    case folder(id: String)
}

extension SQLConnection {
    fileprivate func entry(named name: String, in folder: String) throws -> FolderEntry? {
        guard let row = try query(selectEntry, [folder, name]).first else { return nil }
        switch try row.fileKind("kind") {
        case .file: return .file
        case .folder: return .folder(id: try row.text("id"))
        }
    }

    /// Returns the id of the sender's own folder; creates the folder if it does not exist or was deleted.
    ///
    /// - Throws: `.limitReached` if the first 100 folder names for the sender's name and the current time are taken, or
    ///   if the folder would be too deep.
    fileprivate func ownFolder(
        of session: SenderSession,
        now: Date,
        _ events: inout [NewEvent]
    ) throws -> String {
        if let row = try query(selectSessionFolder, [session.id]).first { return try row.text("id") }
        for attempt in 0..<100 {
            let name = UploadLinkRules.folderName(of: session.sender, time: now, attempt: attempt)
            guard try kind(named: name, in: session.link.folder) == nil else { continue }
            let id = try insertFolder(name, in: session.link.folder, of: session.link, now: now, &events)
            try execute(setSessionFolder, [id, session.id])
            return id
        }
        throw PontoonError(.limitReached, "Too many senders with this name started uploads; try again in a minute.")
    }

    /// Adds a folder and increments the number of folders that the link's senders have created.
    ///
    /// - Returns: The id of the folder.
    /// - Throws: `.limitReached` if the folder would be too deep.
    fileprivate func insertFolder(
        _ name: String,
        in parent: String,
        of link: UploadLink,
        now: Date,
        _ events: inout [NewEvent]
    ) throws -> String {
        let folder = File(
            id: Identifiers.file(now: now),
            name: name,
            kind: .folder,
            project: link.project,
            parent: parent,
            content: nil,
            createdOn: now
        )
        try refuse(folderTooDeepIn: parent)
        try insert(folder)
        try execute(countFolder, [link.id])
        events.append(.file(.created, folder, ["link": .string(link.id)]))
        return folder.id
    }
}

/// Returns the period in which password attempts must have begun to count towards the limits.
///
/// Attempts with later times were counted while the clock was ahead. If they were not ignored, they would block their
/// address until the clock reaches these times.
private func attemptWindow(around now: Date) -> (begin: Date, end: Date) {
    let window = UploadLinkRules.attemptWindow
    return (now.addingTimeInterval(-window), now.addingTimeInterval(window))
}

private let deleteAttemptsOfLink: SQLStatement = """
    DELETE FROM password_attempts WHERE link_id = $1 AND (began_on <= $2 OR began_on > $3)
    """
private let selectAttempts: SQLStatement = """
    SELECT address, attempts, began_on FROM password_attempts WHERE link_id = $1
    """
private let addAttempt: SQLStatement = """
    INSERT INTO password_attempts (link_id, address, attempts, began_on) VALUES ($1, $2, 1, $3)
    ON CONFLICT (link_id, address) DO UPDATE SET attempts = password_attempts.attempts + 1
    """
private let deleteAttempts: SQLStatement = "DELETE FROM password_attempts WHERE link_id = $1 AND address = $2"
private let countSessions: SQLStatement = """
    SELECT COUNT(*) AS total, COUNT(CASE WHEN created_on > $1 THEN 1 END) AS recent FROM sender_sessions
    WHERE link_id = $2
    """
private let deleteIdleSession: SQLStatement = """
    DELETE FROM sender_sessions WHERE id = (
        SELECT id FROM sender_sessions WHERE link_id = $1 AND folder_id IS NULL ORDER BY used_on, id LIMIT 1
    )
    """
private let insertSession: SQLStatement = """
    INSERT INTO sender_sessions (id, token_hash, link_id, sender, created_on, used_on)
    VALUES ($1, $2, $3, $4, $5, $6)
    """
private let selectSession = SQLStatement(
    constant: """
        SELECT sender_sessions.id AS session_id, sender_sessions.sender AS sender,
            sender_sessions.created_on AS session_created_on, sender_sessions.used_on AS used_on, \(linkColumns)
        FROM sender_sessions JOIN upload_links ON upload_links.id = sender_sessions.link_id
        WHERE sender_sessions.token_hash = $1
        """
)
private let updateUse: SQLStatement = "UPDATE sender_sessions SET used_on = $1 WHERE id = $2"
private let selectSessionFolder: SQLStatement = """
    SELECT files.id AS id FROM sender_sessions JOIN files ON files.id = sender_sessions.folder_id
    WHERE sender_sessions.id = $1
    """
private let selectProjectOfSession: SQLStatement = """
    SELECT projects.id AS id FROM sender_sessions JOIN upload_links ON upload_links.id = sender_sessions.link_id
    JOIN projects ON projects.id = upload_links.project_id WHERE sender_sessions.id = $1
    """
private let selectLinkOfSession: SQLStatement = """
    SELECT upload_links.id AS id, upload_links.folders AS folders
    FROM sender_sessions JOIN upload_links ON upload_links.id = sender_sessions.link_id WHERE sender_sessions.id = $1
    """
private let countFolder: SQLStatement = "UPDATE upload_links SET folders = folders + 1 WHERE id = $1"
private let setSessionFolder: SQLStatement = "UPDATE sender_sessions SET folder_id = $1 WHERE id = $2"
private let selectEntry: SQLStatement = "SELECT id, kind FROM files WHERE parent_id = $1 AND name = $2"
private let countUploadsOfSession: SQLStatement = """
    SELECT COUNT(*) AS total FROM uploads WHERE sender_session = $1 AND state <> 'completed'
    """
private let selectUploadsOfSession = SQLStatement(
    constant: """
        SELECT \(uploadColumns) FROM uploads WHERE sender_session = $1 AND state <> 'completed'
        ORDER BY initiated_on DESC, id DESC LIMIT $2 OFFSET $3
        """
)
private let selectUploadsOfSessionBackward = SQLStatement(
    constant: """
        SELECT \(uploadColumns) FROM uploads WHERE sender_session = $1 AND state <> 'completed'
        ORDER BY initiated_on, id LIMIT $2 OFFSET $3
        """
)
