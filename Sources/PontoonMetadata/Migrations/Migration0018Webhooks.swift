extension Migration {
    /// The statements that add webhooks and their dead deliveries.
    static let webhooks: [SQLStatement] = [
        """
        CREATE TABLE webhooks (
            id TEXT NOT NULL PRIMARY KEY,
            project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
            owner TEXT REFERENCES users (name) ON DELETE CASCADE,
            created_on BIGINT NOT NULL,
            url TEXT NOT NULL,
            types TEXT,
            secret TEXT NOT NULL,
            previous_secret TEXT,
            previous_secret_until BIGINT,
            state TEXT NOT NULL,
            log_id TEXT NOT NULL,
            position BIGINT NOT NULL,
            attempts BIGINT NOT NULL,
            failing_since BIGINT,
            pending_since BIGINT,
            next_attempt_on BIGINT NOT NULL,
            last_attempt_on BIGINT,
            last_status BIGINT,
            last_error TEXT,
            delivered BIGINT NOT NULL,
            dead BIGINT NOT NULL,
            queued_on BIGINT NOT NULL,
            lease_holder TEXT NOT NULL,
            lease_expires_on BIGINT NOT NULL
        )
        """,
        "CREATE INDEX webhooks_by_project ON webhooks (project_id, created_on DESC, id)",
        "CREATE INDEX webhooks_by_owner ON webhooks (owner)",
        "CREATE INDEX webhooks_by_queue ON webhooks (queued_on, id) WHERE state = 'active'",
        "CREATE INDEX webhooks_by_age ON webhooks (pending_since) WHERE state = 'active' AND pending_since IS NOT NULL",
        """
        CREATE TABLE webhook_deliveries (
            webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
            event_id TEXT NOT NULL,
            log_id TEXT NOT NULL,
            position BIGINT NOT NULL,
            type TEXT NOT NULL,
            occurred_on BIGINT NOT NULL,
            attempts BIGINT NOT NULL,
            failed_on BIGINT NOT NULL,
            status BIGINT,
            error TEXT,
            is_queued BIGINT NOT NULL,
            PRIMARY KEY (webhook_id, event_id)
        )
        """,
        "CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (webhook_id, failed_on DESC, position DESC)",
        "CREATE INDEX webhook_deliveries_queued ON webhook_deliveries (webhook_id, position) WHERE is_queued = 1",
    ]
}
