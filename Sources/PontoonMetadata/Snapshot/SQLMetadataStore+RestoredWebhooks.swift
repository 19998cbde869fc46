package import Foundation
import PontoonCore

extension SQLMetadataStore {
    /// Prepares the webhooks of records that were restored from a backup.
    ///
    /// Their positions are those of the log of the original service, so they continue at the end of the new log. No
    /// server may use the database.
    ///
    /// - Parameters:
    ///   - disabling: Whether to disable those that are active, until somebody enables them.
    ///   - now: The current time.
    /// - Returns: The number of webhooks that were active.
    /// - Throws: The errors of the database.
    package func prepareRestoredWebhooks(disabling: Bool, now: Date) async throws -> Int {
        try await publishEvents()
        let last = try await lastEvent()
        return try await write(changing: .none) { connection in
            let active = try connection.query(countActiveWebhooks).first?.count("total") ?? 0
            try connection.execute(moveAllWebhooks, [last.log, last.position, now])
            // The events of dead deliveries have other ids now.
            try connection.execute("UPDATE webhook_deliveries SET is_queued = 0 WHERE is_queued = 1")
            if disabling { try connection.execute(disableActiveWebhooks, [now, reason]) }
            return active
        }
    }
}

/// The error that disabled webhooks show for their last attempt.
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
