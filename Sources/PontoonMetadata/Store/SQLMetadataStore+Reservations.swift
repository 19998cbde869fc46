package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func checkQuota(
        for growth: Usage,
        in project: ProjectID,
        by userName: String,
        isSender: Bool
    ) async throws {
        let defaults = defaultQuotas
        try await read { connection in
            guard var account = try connection.usageAccount(of: project, defaults) else { return }
            account.setCaller(userName, isSender: isSender)
            try connection.checkRoom(for: growth, in: account)
        }
    }

    package func keepAlive(_ id: String, now: Date, reserving: Bool) async throws {
        let defaults = defaultQuotas
        try await writeRetryingConflicts(changing: .none) { connection in
            guard let row = try connection.query(updateActivity, [now, id]).first, reserving,
                let state = try row.reservationState(), let size = state.declaredSize, state.reserved < size
            else { return }
            try connection.reserve(for: id, defaults)
        }
    }

    package func lapsedReservations(idleSince deadline: Date, limit: Int) async throws -> [String] {
        try await read { try $0.query(selectIdleReservations, [deadline, limit]).map { try $0.text("id") } }
    }

    package func reduceReservation(of id: String, ifIdleSince deadline: Date) async throws -> Bool {
        let defaults = defaultQuotas
        return try await writeRetryingConflicts(changing: .none) { connection in
            // Waits for parts that are being recorded, so that the next statement sees them.
            try connection.enqueue(lockUpload, [id], lock: .forUpdate("uploads"))
            guard try !connection.query(selectIdleReservation, [id, deadline]).isEmpty else { return false }
            guard let reservation = try connection.reservation(of: id, defaults) else {
                // This is the upload of a code package, which does not count towards a quota.
                try connection.enqueue(lapseReservation, [0, id])
                return true
            }
            let kept = min(reservation.reserved, reservation.likelyStored)
            try connection.enqueue(lapseReservation, [kept, id])
            try connection.add(Usage(reservedBytes: kept - reservation.reserved), to: reservation.account)
            return true
        }
    }
}

/// The properties of an upload to a project that determine whether a part requires a larger reservation.
struct ReservationState {
    let declaredSize: Int64?
    let partSize: Int64
    let reserved: Int64

    /// Returns whether the reservation includes a part.
    ///
    /// It does if the upload has its full reservation and the part does not extend beyond the declared size.
    func includes(_ number: PartNumber, length: Int64) -> Bool {
        guard let declaredSize, reserved >= declaredSize else { return false }
        let start = Int64(number.rawValue - 1).multipliedReportingOverflow(by: partSize)
        guard !start.overflow else { return false }
        return start.partialValue.addingClamped(length) <= declaredSize
    }
}

extension SQLRow {
    /// Creates a state from a row with the columns `project_id`, `declared_size`, `part_size` and `reserved_bytes` of
    /// an upload; `nil` for an upload of a code package, which does not count towards a quota.
    func reservationState() throws -> ReservationState? {
        guard try optionalText("project_id") != nil else { return nil }
        return ReservationState(
            declaredSize: try optionalInteger("declared_size"),
            partSize: try integer("part_size"),
            reserved: try integer("reserved_bytes")
        )
    }
}

/// The reservation of an upload to a project, and the totals of its parts.
private struct Reservation {
    let account: UsageAccount
    let declaredSize: Int64?
    let reserved: Int64
    /// Total size in bytes of the parts that passed through Pontoon.
    let stored: Int64
    /// Approximate total size in bytes of the parts that clients sent directly to the bucket.
    let remote: Int64

    /// Number of bytes to which the reservation is reduced when it lapses, unless it is already smaller.
    var likelyStored: Int64 { max(stored, min(stored.addingClamped(remote), declaredSize ?? .max)) }

    /// Returns the bytes that the upload must have reserved if `added` more bytes of parts are stored.
    func needed(adding added: Int64 = 0) -> Int64 { max(declaredSize ?? 0, stored.addingClamped(added)) }
}

extension SQLConnection {
    /// Sets an upload's reservation to the declared size or to the total size of the parts that passed through Pontoon,
    /// whichever is larger.
    ///
    /// The caller must have locked the upload for update. Does nothing for an upload of a code package.
    ///
    /// - Throws: `.quotaExceeded`; ``SQLError``.
    func reserve(for id: String, _ defaults: DefaultQuotas) throws {
        guard let reservation = try reservation(of: id, defaults) else { return }
        let needed = reservation.needed()
        guard needed != reservation.reserved else { return }
        try enqueue(updateReservation, [needed, id])
        try add(Usage(reservedBytes: needed - reservation.reserved), to: reservation.account)
    }

    /// Checks, without changing anything, that the quotas currently allow a part of an upload.
    ///
    /// - Parameters:
    ///   - length: Length of the part in bytes; 0 if unknown.
    ///   - replaced: Length in bytes of the stored part with the same number; 0 if there is none.
    ///   - id: The id of the upload.
    ///   - defaults: The limits of users and projects without individual limits.
    /// - Throws: `.quotaExceeded`; ``SQLError``.
    func checkRoom(
        forPartOf length: Int64,
        replacing replaced: Int64,
        of id: String,
        _ defaults: DefaultQuotas
    ) throws {
        guard let reservation = try reservation(of: id, defaults) else { return }
        let growth = reservation.needed(adding: length - replaced) - reservation.reserved
        try checkRoom(for: Usage(reservedBytes: growth), in: reservation.account)
    }

    /// Returns the reservation of an unfinished upload to a project; `nil` for any other upload.
    fileprivate func reservation(of id: String, _ defaults: DefaultQuotas) throws -> Reservation? {
        guard let row = try query(selectReservation, [id]).first else { return nil }
        var account = try row.usageAccount(defaults)
        account.setCaller(try row.text("user_name"), isSender: try row.optionalText("sender_session") != nil)
        return Reservation(
            account: account,
            declaredSize: try row.optionalInteger("size"),
            reserved: try row.integer("reserved_bytes"),
            stored: try row.integer("stored"),
            remote: try row.integer("remote")
        )
    }
}

private let selectReservation = SQLStatement(
    constant: """
        SELECT \(accountColumns), uploads.size AS size, uploads.reserved_bytes AS reserved_bytes,
            uploads.sender_session AS sender_session, uploads.user_name AS user_name, (
                SELECT CAST(COALESCE(SUM(parts.size), 0) AS BIGINT) FROM parts WHERE parts.upload_id = uploads.id
            ) AS stored, (
                SELECT COUNT(*) * uploads.part_size FROM parts
                WHERE parts.upload_id = uploads.id AND parts.place = '\(PartLocation.remote.rawValue)'
            ) AS remote
        FROM uploads JOIN projects ON projects.id = uploads.project_id \(accountQuotas)
        WHERE uploads.id = $1 AND uploads.state <> 'completed'
        """
)
private let updateActivity: SQLStatement = """
    UPDATE uploads SET active_on = $1 WHERE id = $2 AND state = 'active'
    RETURNING project_id, size AS declared_size, part_size, reserved_bytes
    """
private let updateReservation: SQLStatement = """
    UPDATE uploads SET reserved_bytes = $1, has_lapsed = 0 WHERE id = $2
    """
private let lapseReservation: SQLStatement = "UPDATE uploads SET reserved_bytes = $1, has_lapsed = 1 WHERE id = $2"
private let lockUpload: SQLStatement = "SELECT id FROM uploads WHERE id = $1"
// An upload of unknown size has reserved no more than its stored parts.
private let selectIdleReservations: SQLStatement = """
    SELECT id FROM uploads WHERE state = 'active' AND has_lapsed = 0 AND size IS NOT NULL
        AND initiated_on < $1 AND active_on < $1
        AND NOT EXISTS (SELECT 1 FROM parts WHERE upload_id = uploads.id AND stored_on >= $1)
    ORDER BY initiated_on, id LIMIT $2
    """
private let selectIdleReservation: SQLStatement = """
    SELECT id FROM uploads WHERE id = $1 AND state = 'active' AND has_lapsed = 0 AND size IS NOT NULL
        AND initiated_on < $2 AND active_on < $2
        AND NOT EXISTS (SELECT 1 FROM parts WHERE upload_id = uploads.id AND stored_on >= $2)
    """
