package import Foundation
package import PontoonCore

extension SQLMetadataStore: ScrubStore {
    package func objectsToCheck(
        outside window: ClosedRange<Date>,
        damagedBefore damaged: Date,
        limit: Int
    ) async throws -> [FileContent] {
        try await read { connection in
            var found: [FileContent] = []
            var keys: Set<ObjectKey> = []
            // Each query uses a different index.
            for (select, time) in [
                (selectDamaged, damaged), (selectFuture, window.upperBound), (selectDue, window.lowerBound),
            ] where found.count < limit {
                for row in try connection.query(select, [time, limit]) {
                    let object = try row.fileContent(key: "key")
                    if keys.insert(object.key).inserted { found.append(object) }
                }
            }
            return Array(found.prefix(limit))
        }
    }

    package func requestedChecks(limit: Int) async throws -> [FileContent] {
        try await read { try $0.query(selectRequested, [limit]).map { try $0.fileContent(key: "key") } }
    }

    package func requestCheck(of key: ObjectKey, now: Date) async throws -> Bool {
        try await write(changing: .files) { try $0.execute(updateRequest, [now, key]) == 1 }
    }

    package func record(_ checks: [ObjectCheck]) async throws {
        guard !checks.isEmpty else { return }
        let recorder = recorder
        try await write(changing: .files) { connection in
            var events: [NewEvent] = []
            // Updates objects in the order of their keys, so that two writers cannot deadlock.
            for check in checks.sorted(by: { $0.object.key.rawValue < $1.object.key.rawValue }) {
                let object = check.object
                let request = object.verification.requestedOn ?? Date(timeIntervalSince1970: 0)
                let (key, end) = (object.key, check.checkedOn)
                switch check.outcome {
                case .verified(let crc64): try connection.enqueue(updateVerified, [end, crc64.hex, request, key])
                case .readable(let crc64): try connection.enqueue(updateReadable, [end, crc64.hex, request, key])
                case .damaged(let damage):
                    events += try connection.damagedFiles(key, damage)
                    try connection.enqueue(updateDamaged, [end, damage.rawValue, request, key])
                case .failed: try connection.enqueue(updateFailed, [end, request, key])
                }
            }
            try recorder.record(events, on: connection)
        }
    }
}

extension SQLConnection {
    /// Returns events for the projects' files that refer to a damaged object; none if the same damage is already
    /// recorded.
    ///
    /// Locks the object, so that if two servers check it at the same time, only one of them records the events. Returns
    /// events for at most ``maximumDamagedFiles`` files, because the transaction must be short.
    fileprivate func damagedFiles(_ key: ObjectKey, _ damage: ContentDamage) throws -> [NewEvent] {
        let known = try query(selectDamage, [key], lock: .forUpdate("objects"))
        guard let known = known.first, try known.damage() != damage else { return [] }
        return try query(selectFilesOfObject, [key, maximumDamagedFiles]).map { row in
            NewEvent.damaged(
                damage,
                fileID: try row.text("id"),
                name: try row.text("name"),
                in: try row.optionalText("parent_id"),
                of: try row.projectID("project_id")
            )
        }
    }
}

extension SQLRow {
    /// Creates the description of a file's bytes from a row with ``contentColumns``.
    ///
    /// - Parameter key: The column with the object key.
    /// - Returns: The object key, length, checksums and results of earlier checks.
    /// - Throws: ``SQLRowError`` if a column contains an invalid value.
    func fileContent(key: String) throws -> FileContent {
        FileContent(
            key: try objectKey(key),
            size: try length("size"),
            crc64: try checksum("crc64"),
            md5: try optionalText("md5"),
            verification: ContentVerification(
                verifiedOn: try optionalDate("verified_on"),
                damage: try damage(),
                requestedOn: try optionalDate("check_requested_on")
            )
        )
    }
}

extension SQLRow {
    /// Returns the value of the column `damage`; `nil` if no damage is recorded.
    ///
    /// - Throws: ``SQLRowError`` if the column contains an invalid value.
    func damage() throws -> ContentDamage? {
        try optionalText("damage").map { text in try decode("damage", text) { ContentDamage(rawValue: $0) } }
    }
}

/// The columns that ``SQLRow/fileContent(key:)`` needs, except the key.
let contentColumns = """
    objects.size AS size, objects.crc64 AS crc64, objects.md5 AS md5, objects.verified_on AS verified_on,
    objects.damage AS damage, objects.check_requested_on AS check_requested_on
    """

private let selectDue = SQLStatement(
    constant: """
        SELECT key, \(contentColumns) FROM objects WHERE checked_on < $1 ORDER BY checked_on, key LIMIT $2
        """
)
private let selectFuture = SQLStatement(
    constant: """
        SELECT key, \(contentColumns) FROM objects WHERE checked_on > $1 ORDER BY checked_on, key LIMIT $2
        """
)
private let selectDamaged = SQLStatement(
    constant: """
        SELECT key, \(contentColumns) FROM objects WHERE damage IS NOT NULL AND checked_on < $1
        ORDER BY checked_on, key LIMIT $2
        """
)
private let selectRequested = SQLStatement(
    constant: """
        SELECT key, \(contentColumns) FROM objects WHERE check_requested_on IS NOT NULL
        ORDER BY check_requested_on, key LIMIT $1
        """
)
private let selectDamage: SQLStatement = "SELECT damage FROM objects WHERE key = $1"
private let maximumDamagedFiles = 1000
private let selectFilesOfObject: SQLStatement = """
    SELECT id, name, parent_id, project_id FROM files WHERE object_key = $1 LIMIT $2
    """
private let updateRequest: SQLStatement = """
    UPDATE objects SET check_requested_on = COALESCE(check_requested_on, $1) WHERE key = $2
    """
// A check does not satisfy a request that was made after the object was read from the database.
private let updateVerified: SQLStatement = """
    UPDATE objects SET checked_on = $1, verified_on = $1, damage = NULL, crc64 = COALESCE(crc64, $2),
        check_requested_on = CASE WHEN check_requested_on <> $3 THEN check_requested_on END
    WHERE key = $4
    """
private let updateReadable: SQLStatement = """
    UPDATE objects SET checked_on = $1, damage = NULL, crc64 = COALESCE(crc64, $2),
        check_requested_on = CASE WHEN check_requested_on <> $3 THEN check_requested_on END
    WHERE key = $4
    """
private let updateDamaged: SQLStatement = """
    UPDATE objects SET checked_on = $1, damage = $2,
        check_requested_on = CASE WHEN check_requested_on <> $3 THEN check_requested_on END
    WHERE key = $4
    """
private let updateFailed: SQLStatement = """
    UPDATE objects SET checked_on = $1,
        check_requested_on = CASE WHEN check_requested_on <> $2 THEN check_requested_on END
    WHERE key = $3
    """
