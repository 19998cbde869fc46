package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func addUploadLink(
        _ link: UploadLink,
        secretHash: String,
        maximumOfProject: Int,
        maximumOfUser: Int
    ) async throws {
        let details = link.details
        let values: [(any SQLConvertible)?] = [
            link.id, secretHash, details.name, details.note, details.passwordHash?.value, details.limits.files,
            details.limits.bytes, link.createdBy, link.createdOn, details.expiresOn, link.folder, link.project,
        ]
        try await write(changing: .none) { connection in
            // The project and the creator are locked, so that concurrent calls do not exceed the limits.
            try connection.enqueue(lockProject, [link.project], lock: .forUpdate("projects"))
            try connection.enqueue(lockUser, [link.createdBy], lock: .forUpdate("users"))
            let counts: [(SQLStatement, any SQLConvertible, Int, String)] = [
                (countLinksOfProject, link.project, maximumOfProject, "project"),
                (countLinksOfUser, link.createdBy, maximumOfUser, "user"),
            ]
            for (statement, owner, maximum, whose) in counts {
                let total = try connection.query(statement, [owner]).first?.count("total") ?? 0
                guard total < maximum else {
                    throw PontoonError(
                        .limitReached,
                        "The \(whose) already has the maximum of \(maximum) upload links; revoke one first."
                    )
                }
            }
            guard try connection.execute(insertLink, values) == 1 else { throw PontoonError.noSuchDestination }
        }
    }

    package func uploadLink(_ id: String) async throws -> UploadLinkSummary? {
        try await read { try $0.uploadLink(id) }
    }

    package func uploadLink(withSecretHash hash: String) async throws -> UploadLinkSummary? {
        try await read { try $0.query(selectLinkBySecret, [hash]).first?.linkSummary() }
    }

    package func uploadLinks(of project: ProjectID, page: Page) async throws -> Listing<UploadLinkSummary> {
        try await read { connection in
            let total = try connection.query(countLinksOfProject, [project]).first?.count("total") ?? 0
            guard let window = PageWindow(page, of: total) else { return Listing(items: [], total: total) }
            let select = window.isBackward ? selectLinksBackward : selectLinks
            let rows = try connection.query(select, [project, window.limit, window.offset])
            return Listing(items: try window.inOrder(rows).map { try $0.linkSummary() }, total: total)
        }
    }

    package func updateUploadLink(
        _ id: String,
        _ change: @escaping @Sendable (inout UploadLinkDetails) throws(PontoonError) -> Void
    ) async throws -> UploadLinkSummary? {
        try await write(changing: .none) { connection in
            try connection.enqueue(lockLink, [id], lock: .forUpdate("upload_links"))
            guard let summary = try connection.uploadLink(id) else { return nil }
            var details = summary.link.details
            try change(&details)
            let values: [(any SQLConvertible)?] = [
                details.name, details.note, details.passwordHash?.value, details.limits.files, details.limits.bytes,
                details.expiresOn, id,
            ]
            try connection.execute(updateLink, values)
            return try connection.uploadLink(id)
        }
    }

    package func deleteUploadLink(_ id: String) async throws -> Bool {
        let (now, recorder) = (now, recorder)
        return try await writeRetryingConflicts { connection in
            // The link is locked before its uploads, as when an upload is started or completed.
            guard try !connection.query(lockLink, [id], lock: .forUpdate("upload_links")).isEmpty else { return false }
            let uploads = try connection.query(deleteActiveUploadsOfLink, [id])
            for upload in uploads {
                try connection.discard(
                    try upload.text("object_key"),
                    try upload.optionalText("object_handle"),
                    now: now
                )
            }
            let users = try uploads.map { (try $0.text("user_name"), -1) }
            try connection.add(openUploads: Dictionary(users, uniquingKeysWith: +))
            let isDeleted = try connection.execute(deleteLink, [id]) == 1
            try connection.release(try uploads.compactMap { try $0.releasedUpload() })
            try recorder.record(try uploads.map { try $0.endedUpload(.uploadAborted) }, on: connection)
            return isDeleted
        }
    }

    package func uploadLinks(expiredBefore time: Date, limit: Int) async throws -> [String] {
        try await read { try $0.query(selectExpiredLinks, [time, limit]).map { try $0.text("id") } }
    }
}

extension SQLConnection {
    fileprivate func uploadLink(_ id: String) throws -> UploadLinkSummary? {
        try query(selectLink, [id]).first?.linkSummary()
    }
}

extension SQLRow {
    /// Creates a link from a row with ``linkColumns``.
    func link() throws -> UploadLink {
        UploadLink(
            id: try text("link_id"),
            project: try projectID("project_id"),
            folder: try text("link_folder"),
            createdBy: try text("created_by"),
            createdOn: try date("link_created_on"),
            details: UploadLinkDetails(
                name: try text("name"),
                note: try text("note"),
                expiresOn: try date("expires_on"),
                passwordHash: try optionalText("password_hash").map(Secret.init),
                limits: try linkLimits()
            )
        )
    }

    func linkLimits() throws -> UploadLinkLimits {
        UploadLinkLimits(files: try optionalInteger("max_files"), bytes: try optionalInteger("max_bytes"))
    }

    fileprivate func linkSummary() throws -> UploadLinkSummary {
        UploadLinkSummary(
            link: try link(),
            usage: UploadLinkUsage(
                files: try integer("received_files"),
                bytes: try integer("received_bytes"),
                openUploads: try integer("open_uploads"),
                openBytes: try integer("open_bytes"),
                senders: try integer("senders")
            ),
            isUsable: try flag("is_usable")
        )
    }
}

/// The columns that ``SQLRow/link()`` needs, and `is_usable`; selected from `upload_links`.
let linkColumns = """
    upload_links.id AS link_id, upload_links.project_id AS project_id, upload_links.folder_id AS link_folder,
    upload_links.name AS name, upload_links.note AS note, upload_links.password_hash AS password_hash,
    upload_links.max_files AS max_files, upload_links.max_bytes AS max_bytes,
    upload_links.created_by AS created_by, upload_links.created_on AS link_created_on,
    upload_links.expires_on AS expires_on, (
        SELECT COUNT(*) FROM members JOIN files ON files.id = upload_links.folder_id
        JOIN users ON users.name = members.user_name
        WHERE members.project_id = upload_links.project_id AND members.user_name = upload_links.created_by
            AND members.can_read = 1 AND members.can_write = 1 AND users.disabled_on IS NULL
    ) AS is_usable
    """
// The cast is for PostgreSQL, where the sum of BIGINT is NUMERIC.
private let summaryColumns = """
    \(linkColumns), received_files, received_bytes, (
        SELECT COUNT(*) FROM uploads WHERE uploads.link_id = upload_links.id AND uploads.state <> 'completed'
    ) AS open_uploads, (
        SELECT CAST(COALESCE(SUM(uploads.size), 0) AS BIGINT) FROM uploads
        WHERE uploads.link_id = upload_links.id AND uploads.state <> 'completed'
    ) AS open_bytes, (
        SELECT COUNT(*) FROM sender_sessions WHERE sender_sessions.link_id = upload_links.id
    ) AS senders
    """
private let lockProject: SQLStatement = "SELECT id FROM projects WHERE id = $1"
private let lockUser: SQLStatement = "SELECT name FROM users WHERE name = $1"
let lockLink: SQLStatement = "SELECT id FROM upload_links WHERE id = $1"
private let countLinksOfProject: SQLStatement = "SELECT COUNT(*) AS total FROM upload_links WHERE project_id = $1"
private let countLinksOfUser: SQLStatement = "SELECT COUNT(*) AS total FROM upload_links WHERE created_by = $1"
private let insertLink: SQLStatement = """
    INSERT INTO upload_links (
        id, secret_hash, name, note, password_hash, max_files, max_bytes, created_by, created_on, expires_on,
        received_files, received_bytes, folders, folder_id, project_id
    )
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 0, id, project_id FROM files
    WHERE id = $11 AND project_id = $12 AND kind = 'folder'
    """
private let updateLink: SQLStatement = """
    UPDATE upload_links SET name = $1, note = $2, password_hash = $3, max_files = $4, max_bytes = $5, expires_on = $6
    WHERE id = $7
    """
private let deleteLink: SQLStatement = "DELETE FROM upload_links WHERE id = $1"
private let deleteActiveUploadsOfLink = SQLStatement(
    constant: """
        DELETE FROM uploads WHERE link_id = $1 AND state = 'active'
        RETURNING object_key, object_handle, \(endedColumns)
        """
)
private let selectLink = SQLStatement(
    constant: "SELECT \(summaryColumns) FROM upload_links WHERE upload_links.id = $1"
)
private let selectLinkBySecret = SQLStatement(
    constant: "SELECT \(summaryColumns) FROM upload_links WHERE upload_links.secret_hash = $1"
)
private let selectLinks = SQLStatement(
    constant: """
        SELECT \(summaryColumns) FROM upload_links WHERE upload_links.project_id = $1
        ORDER BY upload_links.created_on DESC, upload_links.id LIMIT $2 OFFSET $3
        """
)
private let selectLinksBackward = SQLStatement(
    constant: """
        SELECT \(summaryColumns) FROM upload_links WHERE upload_links.project_id = $1
        ORDER BY upload_links.created_on, upload_links.id DESC LIMIT $2 OFFSET $3
        """
)
private let selectExpiredLinks: SQLStatement = """
    SELECT id FROM upload_links WHERE expires_on < $1 ORDER BY expires_on, id LIMIT $2
    """
