package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func addWebhook(_ webhook: Webhook) async throws {
        do {
            try await write(changing: .none) { connection in
                // All calls lock the same row, so that concurrent calls do not exceed the limits.
                try connection.enqueue(
                    selectEventLog,
                    [StoreMetadataKey.eventLog.rawValue],
                    lock: .forNoKeyUpdate("properties")
                )
                try connection.checkLimits(of: webhook)
                try connection.execute(insertWebhook, webhook.insertedValues)
            }
        } catch let error as SQLError where error.kind == .foreignKeyViolation {
            throw PontoonError.projectNotFound
        }
    }

    package func webhook(_ id: String) async throws -> Webhook? {
        try await read { try $0.query(selectWebhook, [id]).first?.webhook() }
    }

    package func webhooks(of project: ProjectID, page: Page) async throws -> Listing<Webhook> {
        try await read { connection in
            let total = try connection.query(countWebhooksOfProject, [project]).first?.count("total") ?? 0
            let rows = try connection.query(selectWebhooksOfProject, [project, page.limit, page.offset])
            return Listing(items: try rows.map { try $0.webhook() }, total: total)
        }
    }

    package func webhooks() async throws -> [Webhook] {
        try await read { try $0.query(selectAllWebhooks, [WebhookRules.maximumTotal]).map { try $0.webhook() } }
    }

    package func updateWebhook(
        _ id: String,
        _ change: @escaping @Sendable (inout Webhook) throws(PontoonError) -> Void
    ) async throws -> Webhook? {
        let now = now
        return try await write(changing: .none) { connection in
            try connection.enqueue(lockWebhook, [id], lock: .forNoKeyUpdate("webhooks"))
            guard var webhook = try connection.query(selectWebhook, [id]).first?.webhook() else { return nil }
            try change(&webhook)
            let (progress, secrets) = (webhook.progress, webhook.secrets)
            let values: [(any SQLConvertible)?] = [
                webhook.target.text, webhook.storedTypes, secrets.current.value, secrets.previous?.value,
                secrets.previousUntil, webhook.state.rawValue, progress.cursor.log, progress.cursor.position,
                progress.attempts, progress.failingSince, progress.pendingSince, progress.nextAttemptOn, now, id,
            ]
            try connection.execute(updateWebhookRow, values)
            return try connection.query(selectWebhook, [id]).first?.webhook()
        }
    }

    package func deleteWebhook(_ id: String) async throws -> Bool {
        try await write(changing: .none) { try $0.execute("DELETE FROM webhooks WHERE id = $1", [id]) == 1 }
    }

    package func hasActiveWebhooks() async throws -> Bool {
        try await read { try !$0.query(selectAnyActiveWebhook).isEmpty }
    }

    package func pendingWebhooks(last: EventCursor) async throws -> [PendingWebhook] {
        try await read { connection in
            let values: [any SQLConvertible] = [last.log, last.position, WebhookRules.maximumTotal]
            return try connection.query(selectPendingWebhooks, values).map { row in
                PendingWebhook(webhook: try row.webhook(), leasedUntil: try row.date("lease_expires_on"))
            }
        }
    }

    package func leaseWebhook(_ id: String, _ lease: Lease, now: Date) async throws -> Webhook? {
        try await write(changing: .none) { connection in
            guard try connection.execute(leaseWebhookRow, [lease.id, lease.expiresOn, id, now]) == 1,
                let webhook = try connection.query(selectWebhook, [id]).first?.webhook()
            else { return nil }
            // The permissions may have changed since the webhook was found.
            guard webhook.isUsable else {
                try connection.execute(releaseWebhook, [id])
                return nil
            }
            return webhook
        }
    }

    package func events(of id: String, after cursor: EventCursor?, limit: Int) async throws -> EventPage? {
        let dialect = driver.dialect
        return try await read { connection in
            guard let webhook = try connection.query(selectWebhook, [id]).first?.webhook(), webhook.isUsable else {
                return nil
            }
            return try connection.events(webhook.filter, after: cursor, limit: limit, dialect)
        }
    }

    package func moveWebhook(_ id: String, from cursor: EventCursor, to next: EventCursor, now: Date) async throws {
        let values: [any SQLConvertible] = [next.log, next.position, id, cursor.log, cursor.position, now]
        try await write(changing: .none) { _ = try $0.execute(moveWebhookRow, values) }
    }

    package func releaseWebhooks() async throws {
        try await write(changing: .none) { _ = try $0.execute(releaseAllWebhooks) }
    }
}

extension SQLConnection {
    fileprivate func checkLimits(of webhook: Webhook) throws {
        var counts: [(SQLStatement, [any SQLConvertible], Int, String)] = [
            (countWebhooks, [], WebhookRules.maximumTotal, "service")
        ]
        if let project = webhook.project {
            counts.append((countWebhooksOfProject, [project], WebhookRules.maximumPerProject, "project"))
        }
        if let owner = webhook.owner {
            counts.append((countWebhooksOfOwner, [owner], WebhookRules.maximumPerUser, "user"))
        }
        for (statement, values, maximum, whose) in counts {
            let total = try query(statement, values).first?.count("total") ?? 0
            guard total < maximum else {
                throw PontoonError(
                    .limitReached,
                    "The \(whose) already has the maximum of \(maximum) webhooks; delete one first."
                )
            }
        }
    }
}

extension Webhook {
    /// The names of the event types in alphabetical order, separated by commas; `nil` for all types.
    fileprivate var storedTypes: String? { types?.map(\.rawValue).sorted().joined(separator: ",") }

    fileprivate var insertedValues: [(any SQLConvertible)?] {
        [
            id, project, owner, createdOn, target.text, storedTypes, secrets.current.value, state.rawValue,
            progress.cursor.log, progress.cursor.position, progress.nextAttemptOn, createdOn,
        ]
    }
}

extension SQLRow {
    /// Creates a webhook from a row with ``webhookColumns``.
    fileprivate func webhook() throws -> Webhook {
        let cursor = EventCursor(log: try text("log_id"), position: try integer("position"))
        var progress = WebhookProgress(cursor: cursor, nextAttemptOn: try date("next_attempt_on"))
        progress.attempts = try count("attempts")
        progress.failingSince = try optionalDate("failing_since")
        progress.pendingSince = try optionalDate("pending_since")
        progress.lastAttempt = try optionalDate("last_attempt_on").map { time in
            WebhookAttempt(
                time: time,
                status: try optionalInteger("last_status").map { Int($0) },
                error: try optionalText("last_error")
            )
        }
        return Webhook(
            id: try text("id"),
            project: try optionalText("project_id").map { text in try decode("project_id", text) { ProjectID($0) } },
            owner: try optionalText("owner"),
            createdOn: try date("created_on"),
            target: try decode("url", try text("url")) { try? WebhookURL($0) },
            // Ignores event types that only a newer version of the server defines, so their events are not sent.
            types: try optionalText("types").map { types in
                Set(types.split(separator: ",").compactMap { EventType(rawValue: String($0)) })
            },
            secrets: WebhookSecrets(
                current: Secret(try text("secret")),
                previous: try optionalText("previous_secret").map { Secret($0) },
                previousUntil: try optionalDate("previous_secret_until")
            ),
            state: try decode("state", try text("state")) { Webhook.State(rawValue: $0) },
            progress: progress,
            isUsable: try flag("is_usable"),
            delivered: try integer("delivered"),
            dead: try integer("dead"),
            hasRedeliveries: try flag("has_redeliveries")
        )
    }
}

/// The condition that a webhook has no project, or that its owner is not disabled and may read the project; for
/// statements on `webhooks`.
let usableWebhook = """
    (webhooks.project_id IS NULL OR EXISTS (
        SELECT 1 FROM members JOIN users ON users.name = members.user_name
        WHERE members.project_id = webhooks.project_id AND members.user_name = webhooks.owner
            AND members.can_read = 1 AND users.disabled_on IS NULL
    ))
    """
private let hasQueued = """
    EXISTS (
        SELECT 1 FROM webhook_deliveries
        WHERE webhook_deliveries.webhook_id = webhooks.id AND webhook_deliveries.is_queued = 1
    )
    """
private let webhookColumns = """
    id, project_id, owner, created_on, url, types, secret, previous_secret, previous_secret_until, state, log_id,
    position, attempts, failing_since, pending_since, next_attempt_on, last_attempt_on, last_status, last_error,
    delivered, dead, CASE WHEN \(usableWebhook) THEN 1 ELSE 0 END AS is_usable,
    CASE WHEN \(hasQueued) THEN 1 ELSE 0 END AS has_redeliveries
    """
private let selectEventLog: SQLStatement = "SELECT value FROM properties WHERE name = $1"
private let countWebhooks: SQLStatement = "SELECT COUNT(*) AS total FROM webhooks"
private let countWebhooksOfProject: SQLStatement = "SELECT COUNT(*) AS total FROM webhooks WHERE project_id = $1"
private let countWebhooksOfOwner: SQLStatement = "SELECT COUNT(*) AS total FROM webhooks WHERE owner = $1"
private let insertWebhook: SQLStatement = """
    INSERT INTO webhooks (
        id, project_id, owner, created_on, url, types, secret, state, log_id, position, next_attempt_on, queued_on,
        attempts, delivered, dead, lease_holder, lease_expires_on
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0, '', 0)
    """
private let lockWebhook: SQLStatement = "SELECT id FROM webhooks WHERE id = $1"
private let selectWebhook = SQLStatement(constant: "SELECT \(webhookColumns) FROM webhooks WHERE id = $1")
private let selectWebhooksOfProject = SQLStatement(
    constant: """
        SELECT \(webhookColumns) FROM webhooks WHERE project_id = $1 ORDER BY created_on DESC, id LIMIT $2 OFFSET $3
        """
)
private let selectAllWebhooks = SQLStatement(
    constant: "SELECT \(webhookColumns) FROM webhooks ORDER BY id LIMIT $1"
)
private let updateWebhookRow: SQLStatement = """
    UPDATE webhooks SET url = $1, types = $2, secret = $3, previous_secret = $4, previous_secret_until = $5,
        state = $6, log_id = $7, position = $8, attempts = $9, failing_since = $10, pending_since = $11,
        next_attempt_on = $12, queued_on = $13, lease_holder = '', lease_expires_on = 0
    WHERE id = $14
    """
private let selectAnyActiveWebhook: SQLStatement = "SELECT id FROM webhooks WHERE state = 'active' LIMIT 1"
private let selectPendingWebhooks = SQLStatement(
    constant: """
        SELECT \(webhookColumns), lease_expires_on FROM webhooks
        WHERE state = 'active' AND (log_id <> $1 OR position < $2 OR \(hasQueued)) AND \(usableWebhook)
        ORDER BY queued_on, id LIMIT $3
        """
)
private let leaseWebhookRow: SQLStatement = """
    UPDATE webhooks SET lease_holder = $1, lease_expires_on = $2
    WHERE id = $3 AND state = 'active' AND lease_expires_on <= $4
    """
private let releaseWebhook: SQLStatement = """
    UPDATE webhooks SET lease_holder = '', lease_expires_on = 0 WHERE id = $1
    """
private let moveWebhookRow: SQLStatement = """
    UPDATE webhooks SET log_id = $1, position = $2
    WHERE id = $3 AND log_id = $4 AND position = $5 AND lease_expires_on <= $6
    """
private let releaseAllWebhooks: SQLStatement = """
    UPDATE webhooks SET lease_holder = '', lease_expires_on = 0 WHERE state = 'active'
    """
