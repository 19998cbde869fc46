package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func addUpload(_ upload: Upload, labels: FileLabels, maximum: Int) async throws {
        let values: [(any SQLConvertible)?] = [
            upload.id, upload.userName, upload.name, upload.size, upload.partSize, upload.md5, upload.overwrite,
            upload.key, upload.initiatedOn, upload.state.rawValue, upload.fileID, upload.handle?.rawValue,
            try labels.storedText, upload.senderSession, upload.storedRule,
        ]
        let stamp = cache.uploads.stamp()
        switch upload.destination {
        case .folder(let id, let project, let wasGivenByFolder):
            let destination: [(any SQLConvertible)?] = [wasGivenByFolder, id, project, upload.size ?? 0]
            let defaults = defaultQuotas
            try await writeRetryingConflicts(changing: .none) { connection in
                let link = try upload.senderSession.map { session in
                    try connection.acquireLink(ofSession: session, of: project, withRoomFor: upload.size ?? 0)
                }
                let place = try connection.query(selectDestination, [upload.userName, id, project])
                guard let place = place.first else { throw PontoonError.noSuchDestination }
                guard try place.count("open_uploads") < maximum else { throw PontoonError.tooManyUploads(maximum) }
                var account = try place.usageAccount(defaults)
                account.setCaller(upload.userName, isSender: upload.senderSession != nil)
                try connection.enqueue(insertUpload, values + [link] + destination)
                try connection.add(openUploads: [upload.userName: 1])
                try connection.add(Usage(reservedBytes: upload.size ?? 0, openUploads: 1), to: account)
            }
        case .automation(let id):
            try await write(changing: .none) { connection in
                // Uploads of code packages are not counted in `user_totals`.
                let open = try connection.query(countPackageUploads, [upload.userName, maximum]).first?.count("total")
                guard open ?? 0 < maximum else { throw PontoonError.tooManyUploads(maximum) }
                guard try connection.execute(insertPackageUpload, values + [id]) == 1 else {
                    throw PontoonError(.automationNotFound, "The automation does not exist.")
                }
            }
        }
        // Caches the upload, because the next call usually requests its part info.
        cache.uploads.insert(upload, for: upload.id, since: stamp)
    }

    package func upload(_ id: String, reading consistency: ReadConsistency) async throws -> Upload? {
        try await cache.uploads.row(id, reading: consistency) {
            try await read { try $0.query(selectUpload, [id]).first?.upload() }
        }
    }

    package func uploads(
        of userName: String,
        in projects: Set<ProjectID>?,
        page: Page
    ) async throws -> Listing<UploadSummary> {
        try await read { connection in
            let rows = try connection.openUploads(of: userName, in: projects, page: page)
            return Listing(items: try connection.summaries(rows.items), total: rows.total)
        }
    }

    package func uploadSummary(_ id: String) async throws -> UploadSummary? {
        try await read { connection in
            let rows = try connection.query(selectLabelledUpload, [id])
            guard let row = rows.first else { return nil }
            return try connection.summaries(rows, labels: try row.labels("labels")).first
        }
    }

    package func abortUpload(_ id: String, ifIdleSince deadline: Date?) async throws -> Bool {
        let (now, recorder) = (now, recorder)
        return try await writeRetryingConflicts(changing: .upload(id)) { connection in
            let rows =
                if let deadline {
                    try connection.deleteUpload(id, ifIdleSince: deadline)
                } else {
                    try connection.query(deleteActiveUpload, [id])
                }
            guard let row = rows.first else { return false }
            try connection.discard(try row.text("object_key"), try row.optionalText("object_handle"), now: now)
            // Uploads of code packages are not counted.
            if let released = try row.releasedUpload() {
                try connection.add(openUploads: [try row.text("user_name"): -1])
                try connection.release([released])
            }
            let type = deadline == nil ? EventType.uploadAborted : .uploadExpired
            try recorder.record([try row.endedUpload(type)], on: connection)
            return true
        }
    }

    package func idleUploads(since time: Date, limit: Int) async throws -> [String] {
        try await read { connection in
            try connection.query(selectIdleUploads, [time, limit]).map { try $0.text("id") }
        }
    }

    package func observedTime() async throws -> ObservedTime? {
        try await metadataValue(for: .observedTime).flatMap { ObservedTime($0) }
    }

    package func setObservedTime(_ time: ObservedTime) async throws {
        try await setMetadataValue(time.text, for: .observedTime)
    }

    package func pruneCompletedUploads(before time: Date) async throws {
        try await write { _ = try $0.execute("DELETE FROM uploads WHERE completed_on < $1", [time]) }
    }

    package func completingUploads(leasedUntil time: Date) async throws -> [Upload] {
        try await read { try $0.query(selectCompletingUploads, [time]).map { try $0.upload() } }
    }
}

extension SQLConnection {
    /// Returns one page of a user's unfinished uploads to folders, newest first, as rows with `uploadColumns`.
    ///
    /// Includes uploads to all projects if `projects` is `nil`.
    func openUploads(of userName: String, in projects: Set<ProjectID>?, page: Page) throws -> Listing<SQLRow> {
        if let projects { return try openUploads(of: userName, inOnly: projects, page: page) }
        let total = try openUploadTotal(of: userName)
        guard let window = PageWindow(page, of: total) else { return Listing(items: [], total: total) }
        let select = window.isBackward ? selectUploadsBackward : selectUploads
        let rows = try query(select, [userName, window.limit, window.offset])
        return Listing(items: window.inOrder(rows), total: total)
    }

    private func openUploads(
        of userName: String,
        inOnly projects: Set<ProjectID>,
        page: Page
    ) throws -> Listing<SQLRow> {
        if projects.isEmpty { return Listing(items: [], total: 0) }
        var selection = SQLBuilder(" FROM uploads WHERE user_name = ")
        selection.append(value: userName)
        selection.append(" AND state <> 'completed' AND automation_id IS NULL AND project_id IN ")
        selection.append(list: projects.sorted { $0.description < $1.description })
        var count = selection
        count.wrap("SELECT COUNT(*) AS total", "")
        let total = try query(count).first?.count("total") ?? 0
        guard let window = PageWindow(page, of: total) else { return Listing(items: [], total: total) }
        let order = window.isBackward ? " ORDER BY initiated_on, id" : " ORDER BY initiated_on DESC, id DESC"
        selection.wrap("SELECT \(uploadColumns)", order)
        selection.append(window)
        return Listing(items: window.inOrder(try query(selection)), total: total)
    }

    /// Deletes an active upload that was initiated before `deadline` and has been idle since then.
    ///
    /// - Returns: The deleted row; empty if there is no such upload.
    fileprivate func deleteUpload(_ id: String, ifIdleSince deadline: Date) throws -> [SQLRow] {
        // Waits for parts that are being recorded, so that the next statement sees them. In PostgreSQL, a statement
        // that itself waited for a lock would not see them.
        try enqueue(selectUploadToAbort, [id], lock: .forUpdate("uploads"))
        return try query(deleteIdleUpload, [id, deadline])
    }

    func insert(_ content: FileContent, createdOn: Date) throws {
        let values: [(any SQLConvertible)?] = [content.key, content.size, content.crc64, content.md5, createdOn]
        try enqueue(insertObject, values)
    }

    /// Creates summaries from rows with `uploadColumns`, and queries the totals of each upload's parts.
    ///
    /// Each summary contains `labels`, because `uploadColumns` does not include the labels.
    func summaries(_ rows: [SQLRow], labels: FileLabels = FileLabels()) throws -> [UploadSummary] {
        guard !rows.isEmpty else { return [] }
        var select = SQLBuilder("SELECT upload_id, \(partTotals) FROM parts WHERE upload_id IN ")
        select.append(list: try rows.map { try $0.text("id") })
        select.append(" GROUP BY upload_id")
        let totals: [String: SQLRow] = try query(select).reduce(into: [:]) { $0[try $1.text("upload_id")] = $1 }
        return try rows.map { row in
            let upload = try row.upload()
            let totals = totals[upload.id]
            return UploadSummary(
                upload: upload,
                reportedParts: try totals?.count("reported") ?? 0,
                storedParts: try totals?.count("stored") ?? 0,
                storedBytes: try totals?.integer("bytes") ?? 0,
                labels: labels
            )
        }
    }
}

extension Upload {
    /// The value of the column `conflict_rule`; `nil` if the column `overwrites` is sufficient.
    fileprivate var storedRule: String? { rule == .skip || rule == .rename ? rule.rawValue : nil }
}

extension SQLRow {
    /// Creates an upload from a row with `uploadColumns`.
    func upload() throws -> Upload {
        let state = try decode("state", try text("state")) { Upload.State(rawValue: $0) }
        return Upload(
            id: try text("id"),
            userName: try text("user_name"),
            destination: try destination(),
            name: try text("name"),
            size: try optionalInteger("size").map { _ in try length("size") },
            partSize: try decode("part_size", try length("part_size")) { $0 > 0 ? $0 : nil },
            md5: try optionalText("md5"),
            rule: try nameConflictRule(),
            senderSession: try optionalText("sender_session"),
            key: try objectKey("object_key"),
            handle: try optionalText("object_handle").map(UploadHandle.init(rawValue:)),
            initiatedOn: try date("initiated_on"),
            state: state,
            fileID: try optionalText("file_id"),
            leaseExpiresOn: state == .completing ? try date("claim_expires_on") : nil
        )
    }

    /// Reads the rule from the column `conflict_rule` or, if this is `NULL`, from `overwrites`.
    private func nameConflictRule() throws -> NameConflictRule {
        guard let text = try optionalText("conflict_rule") else { return try flag("overwrites") ? .overwrite : .fail }
        return try decode("conflict_rule", text) { NameConflictRule(rawValue: $0) }
    }

    private func destination() throws -> Upload.Destination {
        if let automation = try optionalText("automation_id") { return .automation(id: automation) }
        return .folder(
            id: try text("parent_id"),
            project: try projectID("project_id"),
            wasGivenByFolder: try flag("parent_was_named")
        )
    }
}

let uploadColumns = """
    id, user_name, project_id, parent_id, parent_was_named, automation_id, name, size, part_size, md5, overwrites,
    conflict_rule, object_key, object_handle, initiated_on, state, file_id, claim_expires_on, sender_session
    """
// The casts are for PostgreSQL, where the sum of BIGINT is NUMERIC.
private let partTotals = """
    COUNT(*) AS stored, CAST(SUM(is_reported) AS BIGINT) AS reported, CAST(SUM(size) AS BIGINT) AS bytes
    """
private let selectDestination = SQLStatement(
    constant: """
        SELECT \(accountColumns), CAST(COALESCE((
                SELECT SUM(open_uploads) FROM user_totals WHERE user_name = $1
            ), 0) AS BIGINT) AS open_uploads
        FROM files JOIN projects ON projects.id = files.project_id \(accountQuotas)
        WHERE files.id = $2 AND files.project_id = $3 AND files.kind = 'folder'
        """
)
private let insertUpload: SQLStatement = """
    INSERT INTO uploads (
        id, user_name, name, size, part_size, md5, overwrites, object_key, initiated_on, state, file_id,
        object_handle, labels, sender_session, conflict_rule, link_id, parent_was_named, parent_id, project_id,
        reserved_bytes
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
    """
private let countPackageUploads: SQLStatement = """
    SELECT COUNT(*) AS total FROM (
        SELECT id FROM uploads
        WHERE user_name = $1 AND state <> 'completed' AND automation_id IS NOT NULL LIMIT $2
    ) AS found
    """
private let insertPackageUpload: SQLStatement = """
    INSERT INTO uploads (
        id, user_name, name, size, part_size, md5, overwrites, object_key, initiated_on, state, file_id,
        object_handle, labels, sender_session, conflict_rule, parent_was_named, automation_id
    )
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, id FROM automations WHERE id = $16
    """
private let selectUpload = SQLStatement(constant: "SELECT \(uploadColumns) FROM uploads WHERE id = $1")
private let selectLabelledUpload = SQLStatement(
    constant: "SELECT \(uploadColumns), labels FROM uploads WHERE id = $1"
)
private let selectUploads = SQLStatement(
    constant: """
        SELECT \(uploadColumns) FROM uploads
        WHERE user_name = $1 AND state <> 'completed' AND automation_id IS NULL
        ORDER BY initiated_on DESC, id DESC LIMIT $2 OFFSET $3
        """
)
private let selectUploadsBackward = SQLStatement(
    constant: """
        SELECT \(uploadColumns) FROM uploads
        WHERE user_name = $1 AND state <> 'completed' AND automation_id IS NULL
        ORDER BY initiated_on, id LIMIT $2 OFFSET $3
        """
)
private let insertObject: SQLStatement = """
    INSERT INTO objects (key, size, crc64, md5, created_on, checked_on) VALUES ($1, $2, $3, $4, $5, $5)
    """
private let deleteActiveUpload = SQLStatement(
    constant: """
        DELETE FROM uploads WHERE id = $1 AND state = 'active'
        RETURNING object_key, object_handle, \(endedColumns)
        """
)
private let selectUploadToAbort: SQLStatement = "SELECT id FROM uploads WHERE id = $1 AND state = 'active'"
private let deleteIdleUpload = SQLStatement(
    constant: """
        DELETE FROM uploads WHERE id = $1 AND state = 'active' AND initiated_on < $2 AND active_on < $2
            AND NOT EXISTS (SELECT 1 FROM parts WHERE upload_id = uploads.id AND stored_on >= $2)
        RETURNING object_key, object_handle, \(endedColumns)
        """
)
private let selectIdleUploads: SQLStatement = """
    SELECT id FROM uploads WHERE state = 'active' AND initiated_on < $1 AND active_on < $1
        AND NOT EXISTS (SELECT 1 FROM parts WHERE upload_id = uploads.id AND stored_on >= $1)
    ORDER BY initiated_on, id LIMIT $2
    """
private let selectCompletingUploads = SQLStatement(
    constant: """
        SELECT \(uploadColumns) FROM uploads WHERE state = 'completing' AND claim_expires_on <= $1
        ORDER BY initiated_on, id
        """
)
