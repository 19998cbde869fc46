package import PontoonCore

extension SQLMetadataStore {
    package func parts(of uploadID: String) async throws -> [PartRecord] {
        try await read { try $0.parts(of: uploadID) }
    }

    package func forgetPart(
        _ number: PartNumber,
        of uploadID: String,
        replacedBy length: Int64?
    ) async throws -> PartRecord? {
        let defaults = defaultQuotas
        // Reads first, because most parts are sent only once, and a write would wait for other commits.
        let earlier = try await read { connection in
            let (part, reservation) = try connection.replaceablePart(number, of: uploadID, lock: nil)
            if let reservation, !reservation.includes(number, length: length ?? 0) {
                try connection.checkRoom(
                    forPartOf: length ?? 0,
                    replacing: part?.size ?? 0,
                    of: uploadID,
                    defaults
                )
            }
            return part
        }
        guard earlier != nil else { return nil }
        return try await write(changing: .none) { connection in
            _ = try connection.replaceablePart(number, of: uploadID, lock: .forShare("uploads"))
            return try connection.query(deletePart, [uploadID, number]).first?.part()
        }
    }

    package func recordPart(_ part: PartRecord, of uploadID: String) async throws -> PartRecord? {
        let recorded: PartRecord?? = try await writeOrRollBack(changing: .none) { connection in
            let (earlier, reservation) = try connection.replaceablePart(
                part.number,
                of: uploadID,
                lock: .forShare("uploads")
            )
            if let reservation, !reservation.includes(part.number, length: part.size ?? 0) { return .rollBack(nil) }
            return .commit(.some(try connection.record(part, of: uploadID, mayExist: earlier != nil)))
        }
        if let recorded { return recorded }
        let defaults = defaultQuotas
        // The reservation changes, so the upload is locked for update from the start: two transactions that both hold
        // a shared lock and then lock for update would deadlock.
        return try await writeRetryingConflicts(changing: .none) { connection in
            let (earlier, _) = try connection.replaceablePart(part.number, of: uploadID, lock: .forUpdate("uploads"))
            let replaced = try connection.record(part, of: uploadID, mayExist: earlier != nil)
            try connection.reserve(for: uploadID, defaults)
            return replaced
        }
    }

    package func forgetUnreportedParts(of uploadID: String) async throws -> [PartRecord] {
        // Reads first, because most clients report all their parts. The parts of a completing upload no longer change.
        guard try await read({ try !$0.query(selectUnreported, [uploadID]).isEmpty }) else { return [] }
        return try await write(changing: .none) { connection in
            try connection.query(deleteUnreported, [uploadID]).map { try $0.part() }.sorted { $0.number < $1.number }
        }
    }

    package func reportParts(_ reports: [PartReport], of uploadID: String) async throws -> ReportRejection? {
        guard !reports.isEmpty else { return nil }
        return try await write(changing: .none) { connection in
            let row = try connection.query(selectUploadState, [uploadID], lock: .forShare("uploads")).first
            let state = try row?.text("state")
            let stored = try connection.tags(for: reports, of: uploadID)
            var unreported: Set<PartNumber> = []
            for report in reports {
                let part = stored[report.number]
                // Neither ETag contains quotes: the server stores ETags without quotes, and the parser removes the
                // quotes from reported ETags.
                let isEqual = part?.etag.lowercased() == report.etag.lowercased()
                if let part, isEqual, part.isReported { continue }
                // Once an upload is completing, its set of reported parts must not change.
                guard let state else { return .uploadNotFound }
                guard state == Upload.State.active.rawValue else { return .uploadNotActive }
                guard let part else { return .partNotStored(report.number) }
                guard isEqual else { return .etagMismatch(report.number, stored: part.etag) }
                unreported.insert(report.number)
            }
            try connection.mark(unreported.sorted(), of: uploadID)
            return nil
        }
    }
}

private struct StoredTag {
    let etag: String
    let isReported: Bool
}

extension SQLConnection {
    /// Returns all part records of an upload, ordered by number.
    func parts(of uploadID: String) throws -> [PartRecord] {
        try query(selectParts, [uploadID]).map { try $0.part() }
    }

    /// Records a part as not reported, replacing any record with the same number.
    ///
    /// The caller must have locked the upload. `mayExist` only determines which statement is tried first.
    ///
    /// - Returns: The replaced record; `nil` if there was none.
    fileprivate func record(_ part: PartRecord, of uploadID: String, mayExist: Bool) throws -> PartRecord? {
        let values: [(any SQLConvertible)?] = [
            uploadID, part.number, part.size ?? 0, part.etag, part.crc64, part.location.rawValue, part.storedOn,
        ]
        var mayExist = mayExist
        while true {
            // The record is locked, so that of two concurrent calls, the second returns the record of the first.
            if mayExist,
                let old = try query(selectPart, [uploadID, part.number], lock: .forUpdate("parts")).first
            {
                try enqueue(upsertPart, values)
                return try old.part()
            }
            if try execute(insertPart, values) == 1 { return nil }
            mayExist = true
        }
    }

    /// Returns the record of a part that the caller may delete or replace, and the reservation of its upload.
    ///
    /// The record is `nil` if the part is not stored. The reservation is `nil` if the upload is for a code package.
    ///
    /// A caller that changes the record must pass a lock on the upload, so that its completion cannot start in the
    /// meantime.
    ///
    /// - Throws: `.uploadNotFound` if the upload does not exist or is not active.
    fileprivate func replaceablePart(
        _ number: PartNumber,
        of uploadID: String,
        lock: SQLRowLock?
    ) throws -> (part: PartRecord?, reservation: ReservationState?) {
        let rows = try query(selectReplaceable, [number, uploadID], lock: lock)
        guard let row = rows.first else {
            throw PontoonError(.uploadNotFound, "The upload does not exist or no longer accepts parts.")
        }
        let part = try row.optionalInteger("number") == nil ? nil : row.part()
        return (part, try row.reservationState())
    }

    /// Marks parts as reported.
    fileprivate func mark(_ numbers: [PartNumber], of uploadID: String) throws {
        // Most clients report one part at a time, and a constant statement is prepared only once.
        if numbers.count == 1 { return try enqueue(markPart, [uploadID, numbers[0]]) }
        for chunk in numbers.chunks(of: 500) {
            var update = SQLBuilder("UPDATE parts SET is_reported = 1 WHERE upload_id = ")
            update.append(value: uploadID)
            update.append(" AND number IN ")
            update.append(list: chunk)
            try enqueue(update.statement, values: update.values, lock: nil)
        }
    }

    /// Returns the ETags of all stored parts from the lowest to the highest number in `reports`, and whether the parts
    /// were already reported.
    ///
    /// Locks the parts until the transaction ends.
    fileprivate func tags(for reports: [PartReport], of uploadID: String) throws -> [PartNumber: StoredTag] {
        let numbers = reports.map(\.number)
        let rows = try query(
            selectTags,
            [uploadID, numbers.min(), numbers.max()],
            lock: .forUpdate("parts")
        )
        return try rows.reduce(into: [:]) { tags, row in
            let tag = StoredTag(etag: try row.text("etag"), isReported: try row.flag("is_reported"))
            tags[try row.partNumber("number")] = tag
        }
    }
}

extension SQLRow {
    fileprivate func part() throws -> PartRecord {
        let location = PartLocation(rawValue: try text("place"))
        return PartRecord(
            number: try partNumber("number"),
            // The column is NOT NULL and contains 0 for parts whose length is known only to the object store.
            size: location == .remote ? nil : try length("size"),
            etag: try text("etag"),
            crc64: try checksum("crc64"),
            location: location,
            storedOn: try date("stored_on"),
            isReported: try flag("is_reported")
        )
    }

    fileprivate func partNumber(_ column: String) throws -> PartNumber {
        try decode(column, try count(column)) { try PartNumber($0) }
    }
}

private let partColumns = "number, size, etag, crc64, place, stored_on, is_reported"
private let selectPart = SQLStatement(
    constant: "SELECT \(partColumns) FROM parts WHERE upload_id = $1 AND number = $2"
)
private let selectParts = SQLStatement(
    constant: "SELECT \(partColumns) FROM parts WHERE upload_id = $1 ORDER BY number"
)
private let selectTags: SQLStatement = """
    SELECT number, etag, is_reported FROM parts WHERE upload_id = $1 AND number BETWEEN $2 AND $3 ORDER BY number
    """
private let markPart: SQLStatement = "UPDATE parts SET is_reported = 1 WHERE upload_id = $1 AND number = $2"
private let deletePart = SQLStatement(
    constant: "DELETE FROM parts WHERE upload_id = $1 AND number = $2 RETURNING \(partColumns)"
)
private let selectUnreported: SQLStatement = """
    SELECT number FROM parts WHERE upload_id = $1 AND is_reported = 0 LIMIT 1
    """
private let deleteUnreported = SQLStatement(
    constant: """
        DELETE FROM parts WHERE upload_id = $1 AND is_reported = 0
            AND EXISTS (SELECT 1 FROM uploads WHERE id = $1 AND state = 'completing')
        RETURNING \(partColumns)
        """
)
let selectUploadState: SQLStatement = "SELECT state FROM uploads WHERE id = $1"
// Returns a row if the upload is active; the columns of the part are NULL if the part is not stored.
private let selectReplaceable: SQLStatement = """
    SELECT parts.number AS number, parts.size AS size, parts.etag AS etag, parts.crc64 AS crc64, parts.place AS place,
        parts.stored_on AS stored_on, parts.is_reported AS is_reported, uploads.project_id AS project_id,
        uploads.size AS declared_size, uploads.part_size AS part_size, uploads.reserved_bytes AS reserved_bytes
    FROM uploads LEFT JOIN parts ON parts.upload_id = uploads.id AND parts.number = $1
    WHERE uploads.id = $2 AND uploads.state = 'active'
    """
private let insertPart: SQLStatement = """
    INSERT INTO parts (upload_id, number, size, etag, crc64, place, stored_on, is_reported)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT (upload_id, number) DO NOTHING
    """
private let upsertPart: SQLStatement = """
    INSERT INTO parts (upload_id, number, size, etag, crc64, place, stored_on, is_reported)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
    ON CONFLICT (upload_id, number) DO UPDATE SET size = excluded.size, etag = excluded.etag, crc64 = excluded.crc64,
        place = excluded.place, stored_on = excluded.stored_on, is_reported = 0
    """
