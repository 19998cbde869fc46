package import PontoonFoundation

/// Storage of webhooks and of their dead deliveries.
///
/// Webhooks are deleted with their project and with the user who created them. A server that sends the events of a
/// webhook holds its lease; every change by a user takes the lease away, so that a running turn records nothing.
package protocol WebhookStore: Sendable {
    /// Adds a webhook.
    /// - Throws: `.limitReached` if the project, the user or the service has too many webhooks; `.projectNotFound` if
    ///   the project or the user does not exist.
    func addWebhook(_ webhook: Webhook) async throws
    /// Returns a webhook; `nil` if it does not exist.
    func webhook(_ id: String) async throws -> Webhook?
    /// Returns the webhooks of a project, newest first.
    func webhooks(of project: ProjectID, page: Page) async throws -> Listing<Webhook>
    /// Returns all webhooks, ordered by id; at most ``WebhookRules/maximumTotal``.
    func webhooks() async throws -> [Webhook]
    /// Changes a webhook.
    /// - Parameters:
    ///   - id: The webhook.
    ///   - change: Changes the variables of the webhook within the transaction, or throws to refuse the change. It must
    ///     have no side effects, because it runs again if the transaction is retried.
    /// - Returns: The changed webhook; `nil` if there is none.
    /// - Throws: The error of `change`.
    func updateWebhook(
        _ id: String,
        _ change: @escaping @Sendable (inout Webhook) throws(PontoonError) -> Void
    ) async throws -> Webhook?
    /// Deletes a webhook.
    /// - Returns: `false` if there is no such webhook.
    func deleteWebhook(_ id: String) async throws -> Bool

    /// Returns dead deliveries of a webhook, the most recent first.
    func deadDeliveries(of id: String, page: Page) async throws -> Listing<WebhookDelivery>
    /// Requests that a dead delivery be sent again.
    /// - Returns: `false` if there is no such delivery.
    func queueDelivery(of event: String, webhook id: String) async throws -> Bool
    /// Returns up to `limit` dead deliveries that are to be sent again, the oldest first.
    func queuedDeliveries(of id: String, limit: Int) async throws -> [WebhookDelivery]

    /// Returns whether there is an active webhook.
    func hasActiveWebhooks() async throws -> Bool
    /// Returns the active and usable webhooks, whether or not they are leased, whose cursor is not the end of the log,
    /// or which have queued deliveries; those that have waited longest first. `last` is the end of the log.
    func pendingWebhooks(last: EventCursor) async throws -> [PendingWebhook]
    /// Leases an active and usable webhook.
    /// - Returns: The webhook; `nil` if it is leased, disabled or not usable, or does not exist.
    func leaseWebhook(_ id: String, _ lease: Lease, now: Date) async throws -> Webhook?
    /// Returns the events after a position that are to be sent to a webhook, as
    /// ``EventStore/events(_:after:limit:)`` does.
    ///
    /// The events are selected by the types and the permissions at the time of the call, so a webhook whose cursor is
    /// moved to the position of the page misses no event.
    /// - Returns: `nil` if the webhook is not usable or does not exist: its events would only seem not to match.
    /// - Throws: `.eventsExpired` if events after the position have been deleted, or it is not one of this log.
    func events(of id: String, after cursor: EventCursor?, limit: Int) async throws -> EventPage?
    /// Records a turn, and releases the lease.
    /// - Returns: `false`, with nothing changed, if the webhook is not leased under this id.
    func endTurn(_ turn: WebhookTurn, of id: String, leaseID: String, now: Date) async throws -> Bool
    /// Moves the cursor of a webhook that is not leased past events that do not match, according to
    /// ``events(of:after:limit:)``.
    ///
    /// Does nothing if the webhook is leased, or its cursor has changed in the meantime.
    func moveWebhook(_ id: String, from cursor: EventCursor, to next: EventCursor, now: Date) async throws
    /// Releases the leases of all webhooks.
    func releaseWebhooks() async throws
}

/// A webhook for which there may be events to send.
package struct PendingWebhook: Hashable, Sendable {
    package let webhook: Webhook
    /// Time from which its lease can be acquired.
    package let leasedUntil: Date

    package init(webhook: Webhook, leasedUntil: Date) {
        self.webhook = webhook
        self.leasedUntil = leasedUntil
    }
}
