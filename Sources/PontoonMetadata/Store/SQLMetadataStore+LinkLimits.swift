import PontoonCore

/// Checks of the limits of upload links, under a lock on the link's row.
///
/// To avoid deadlocks, these transactions lock the project before the link, and the link before its uploads. A
/// transaction that does not lock the project first may deadlock with the deletion of the project. PostgreSQL then
/// aborts one of the two, and the driver retries it.
extension SQLConnection {
    /// Locks the link of a sender's session until the transaction ends, and checks that the link accepts a file of
    /// `size` bytes.
    ///
    /// - Returns: The link's id.
    /// - Throws: `.notAuthenticated` if the session does not exist; `.limitReached` if the file, together with the
    ///   received files and the unfinished uploads, would exceed a limit of the link.
    func acquireLink(ofSession session: String, of project: ProjectID, withRoomFor size: Int64) throws -> String {
        try enqueue("SELECT id FROM projects WHERE id = $1", [project], lock: .forShare("projects"))
        guard let link = try query(selectLinkOfSession, [session], lock: .forUpdate("upload_links")).first else {
            throw PontoonError.uploadLinkRevoked
        }
        let id = try link.text("link_id")
        // Uploads are counted by a separate statement, because in PostgreSQL, a statement that has waited for a lock
        // does not see the uploads that were added in the meantime.
        guard let open = try query(selectOpenUploads, [id]).first else { return id }
        let usage = UploadLinkUsage(
            files: try link.integer("received_files"),
            bytes: try link.integer("received_bytes"),
            openUploads: try open.integer("uploads"),
            openBytes: try open.integer("bytes")
        )
        try UploadLinkRules.checkRoom(for: size, in: try link.linkLimits(), usage)
        return id
    }

    /// Adds a file of `bytes` bytes, whose upload is being completed, to the files that the link has received.
    ///
    /// Does nothing if the link was deleted in the meantime.
    ///
    /// - Throws: `.completeRefused` if the link's limits do not allow the file.
    func count(bytes: Int64, receivedThrough link: String) throws {
        guard try execute(countReceivedFile, [bytes, link]) == 0 else { return }
        guard try query(lockLink, [link]).isEmpty else {
            throw PontoonError(
                .completeRefused,
                "The limits of the upload link were lowered and do not allow this file."
            )
        }
    }
}

private let selectLinkOfSession: SQLStatement = """
    SELECT upload_links.id AS link_id, max_files, max_bytes, received_files, received_bytes
    FROM sender_sessions JOIN upload_links ON upload_links.id = sender_sessions.link_id WHERE sender_sessions.id = $1
    """
// The cast is for PostgreSQL, where the sum of BIGINT is NUMERIC.
private let selectOpenUploads: SQLStatement = """
    SELECT COUNT(*) AS uploads, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM uploads
    WHERE link_id = $1 AND state <> 'completed'
    """
private let countReceivedFile: SQLStatement = """
    UPDATE upload_links SET received_files = received_files + 1, received_bytes = received_bytes + $1
    WHERE id = $2 AND (max_files IS NULL OR received_files < max_files)
        AND (max_bytes IS NULL OR received_bytes + $1 <= max_bytes)
    """
