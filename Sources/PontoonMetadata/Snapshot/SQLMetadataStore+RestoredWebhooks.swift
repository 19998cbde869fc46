package import Foundation
import PontoonCore

extension SQLMetadataStore {
    /// Prepares webhooks that were restored from a backup.
    ///
    /// Moves their cursors, which refer to the event log of the original service, to the end of the new log, and
    /// cancels queued deliveries. No server may be using the database.
    ///
    /// - Parameters:
    ///   - disabling: Whether to disable active webhooks, which a user or an operator must then enable again.
    ///   - now: The current time.
    /// - Returns: The number of webhooks that were active.
    /// - Throws: The errors of the database.
    package func prepareRestoredWebhooks(disabling: Bool, now: Date) async throws -> Int {
        try await publishEvents()
        let last = try await lastEvent()
        return try await write(changing: .none) { connection in
            let active = try connection.query(countActiveWebhooks).first?.count("total") ?? 0
            try connection.execute(moveAllWebhooks, [last.log, last.position, now])
            // Queued deliveries are canceled, because their events have other ids in the new log.
            try connection.execute("UPDATE webhook_deliveries SET is_queued = 0 WHERE is_queued = 1")
            if disabling { try connection.execute(disableActiveWebhooks, [now, reason]) }
            return active
        }
    }
}

/// The error that is recorded as the last attempt of disabled webhooks.
private let reason = "disabled by the restore of a backup, because the original service may still send events"
private let countActiveWebhooks: SQLStatement = "SELECT COUNT(*) AS total FROM webhooks WHERE state = 'active'"
private let moveAllWebhooks: SQLStatement = """
    UPDATE webhooks SET log_id = $1, position = $2, attempts = 0, failing_since = NULL, pending_since = NULL,
        next_attempt_on = $3, lease_holder = '', lease_expires_on = 0
    """
private let disableActiveWebhooks: SQLStatement = """
    UPDATE webhooks SET state = 'disabled', last_attempt_on = $1, last_status = NULL, last_error = $2
    WHERE state = 'active'
    """
