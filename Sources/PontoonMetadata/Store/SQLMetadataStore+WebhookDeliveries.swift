package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func deadDeliveries(of id: String, page: Page) async throws -> Listing<WebhookDelivery> {
        try await read { connection in
            let total = try connection.query(countDeliveries, [id]).first?.count("total") ?? 0
            let rows = try connection.query(selectDeliveries, [id, page.limit, page.offset])
            return Listing(items: try rows.map { try $0.webhookDelivery() }, total: total)
        }
    }

    package func queueDelivery(of event: String, webhook id: String) async throws -> Bool {
        try await write(changing: .none) { try $0.execute(queueDeliveryRow, [id, event]) == 1 }
    }

    package func queuedDeliveries(of id: String, limit: Int) async throws -> [WebhookDelivery] {
        try await read { try $0.query(selectQueuedDeliveries, [id, limit]).map { try $0.webhookDelivery() } }
    }

    package func endTurn(_ turn: WebhookTurn, of id: String, leaseID: String, now: Date) async throws -> Bool {
        let progress = turn.progress
        let values: [(any SQLConvertible)?] = [
            turn.state.rawValue, progress.cursor.log, progress.cursor.position, progress.attempts,
            progress.failingSince, progress.pendingSince, progress.nextAttemptOn, progress.lastAttempt?.time,
            progress.lastAttempt?.status, progress.lastAttempt?.error, turn.delivered, turn.dead.count, now, id,
            leaseID,
        ]
        return try await write(changing: .none) { connection in
            guard try connection.execute(endTurnOfWebhook, values) == 1 else { return false }
            for event in turn.redelivered { try connection.execute(deleteDelivery, [id, event]) }
            for delivery in turn.dead + turn.refused {
                try connection.execute(insertDelivery, delivery.values(of: id))
            }
            if !turn.dead.isEmpty {
                for row in try connection.query(selectOldDeliveries, [id, WebhookRules.keptDeliveries]) {
                    try connection.execute(deleteDelivery, [id, try row.text("event_id")])
                }
            }
            return true
        }
    }
}

extension WebhookDelivery {
    fileprivate func values(of webhook: String) -> [(any SQLConvertible)?] {
        [
            webhook, event, cursor.log, cursor.position, type, occurredOn, attempts, last.time, last.status, last.error,
        ]
    }
}

extension SQLRow {
    fileprivate func webhookDelivery() throws -> WebhookDelivery {
        WebhookDelivery(
            event: try text("event_id"),
            cursor: EventCursor(log: try text("log_id"), position: try integer("position")),
            type: try text("type"),
            occurredOn: try date("occurred_on"),
            attempts: try count("attempts"),
            last: WebhookAttempt(
                time: try date("failed_on"),
                status: try optionalInteger("status").map { Int($0) },
                error: try optionalText("error")
            ),
            isQueued: try flag("is_queued")
        )
    }
}

private let deliveryColumns =
    "event_id, log_id, position, type, occurred_on, attempts, failed_on, status, error, is_queued"
private let countDeliveries: SQLStatement = "SELECT COUNT(*) AS total FROM webhook_deliveries WHERE webhook_id = $1"
private let selectDeliveries = SQLStatement(
    constant: """
        SELECT \(deliveryColumns) FROM webhook_deliveries WHERE webhook_id = $1
        ORDER BY failed_on DESC, position DESC LIMIT $2 OFFSET $3
        """
)
private let selectQueuedDeliveries = SQLStatement(
    constant: """
        SELECT \(deliveryColumns) FROM webhook_deliveries WHERE webhook_id = $1 AND is_queued = 1
        ORDER BY position LIMIT $2
        """
)
private let queueDeliveryRow: SQLStatement = """
    UPDATE webhook_deliveries SET is_queued = 1 WHERE webhook_id = $1 AND event_id = $2
    """
private let endTurnOfWebhook: SQLStatement = """
    UPDATE webhooks SET state = $1, log_id = $2, position = $3, attempts = $4, failing_since = $5, pending_since = $6,
        next_attempt_on = $7, last_attempt_on = $8, last_status = $9, last_error = $10, delivered = delivered + $11,
        dead = dead + $12, queued_on = $13, lease_holder = '', lease_expires_on = 0
    WHERE id = $14 AND lease_holder = $15
    """
private let deleteDelivery: SQLStatement = "DELETE FROM webhook_deliveries WHERE webhook_id = $1 AND event_id = $2"
// A delivery that fails again replaces the row of its earlier failure.
private let insertDelivery: SQLStatement = """
    INSERT INTO webhook_deliveries (
        webhook_id, event_id, log_id, position, type, occurred_on, attempts, failed_on, status, error, is_queued
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)
    ON CONFLICT (webhook_id, event_id) DO UPDATE SET
        attempts = excluded.attempts, failed_on = excluded.failed_on, status = excluded.status, error = excluded.error,
        is_queued = 0
    """
private let selectOldDeliveries: SQLStatement = """
    SELECT event_id FROM webhook_deliveries WHERE webhook_id = $1
    ORDER BY failed_on DESC, position DESC LIMIT 200 OFFSET $2
    """
