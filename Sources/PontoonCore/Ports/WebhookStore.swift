package import PontoonFoundation

/// Storage of webhooks and of their dead deliveries.
///
/// Webhooks are deleted with their project and with the user who created them. A server must hold the lease of a
/// webhook to send its events. ``updateWebhook(_:_:)`` ends the lease, so that a turn in progress records nothing.
package protocol WebhookStore: Sendable {
    /// Adds a webhook.
    ///
    /// - Throws: `.limitReached` if the project, the user or the service has the maximum number of webhooks;
    ///   `.projectNotFound` if the project or the user does not exist.
    func addWebhook(_ webhook: Webhook) async throws
    /// Returns a webhook; `nil` if it does not exist.
    func webhook(_ id: String) async throws -> Webhook?
    /// Returns one page of the webhooks of a project, newest first, and their total number.
    func webhooks(of project: ProjectID, page: Page) async throws -> Listing<Webhook>
    /// Returns all webhooks, ordered by id; at most ``WebhookRules/maximumTotal``.
    func webhooks() async throws -> [Webhook]
    /// Changes a webhook, and ends its lease.
    ///
    /// - Parameters:
    ///   - id: The webhook.
    ///   - change: Changes the variables of the webhook within the transaction, or throws to refuse the change;
    ///     ``WebhookProgress/lastAttempt`` cannot be changed. It must have no side effects, because it runs again if
    ///     the transaction is retried.
    /// - Returns: The webhook after the change; `nil` if it does not exist.
    /// - Throws: The error of `change`.
    func updateWebhook(
        _ id: String,
        _ change: @escaping @Sendable (inout Webhook) throws(PontoonError) -> Void
    ) async throws -> Webhook?
    /// Deletes a webhook and its dead deliveries.
    ///
    /// - Returns: `false` if there is no such webhook.
    func deleteWebhook(_ id: String) async throws -> Bool

    /// Returns one page of the dead deliveries of a webhook, most recent failure first, and their total number.
    func deadDeliveries(of id: String, page: Page) async throws -> Listing<WebhookDelivery>
    /// Queues a dead delivery to be sent once more.
    ///
    /// - Returns: `false` if there is no such delivery.
    func queueDelivery(of event: String, webhook id: String) async throws -> Bool
    /// Returns at most `limit` queued dead deliveries of a webhook, oldest event first.
    func queuedDeliveries(of id: String, limit: Int) async throws -> [WebhookDelivery]

    /// Returns whether any webhook is active, usable or not.
    func hasActiveWebhooks() async throws -> Bool
    /// Returns the active and usable webhooks that may have something to send, including leased ones: their cursor is
    /// not at `last`, the end of the log, or they have queued deliveries. The webhooks whose last turn or change was
    /// the longest ago come first.
    func pendingWebhooks(last: EventCursor) async throws -> [PendingWebhook]
    /// Leases an active and usable webhook.
    ///
    /// - Returns: The webhook; `nil` if it is leased, disabled or not usable, or does not exist.
    func leaseWebhook(_ id: String, _ lease: Lease, now: Date) async throws -> Webhook?
    /// Returns the events after a position that are to be sent to a webhook; see ``EventStore/events(_:after:limit:)``.
    ///
    /// The events are selected by the event types and permissions at the time of the call. Moving the cursor of the
    /// webhook to the end of the page therefore skips no event.
    ///
    /// - Returns: `nil` if the webhook is not usable or does not exist, because an empty page would wrongly mean that
    ///   no event matches.
    /// - Throws: `.eventsExpired` if events after the position have been deleted, or the position does not exist in
    ///   this log, for example after a restore.
    func events(of id: String, after cursor: EventCursor?, limit: Int) async throws -> EventPage?
    /// Records a turn, and releases the lease. If a webhook has more than ``WebhookRules/keptDeliveries`` dead
    /// deliveries, deletes the oldest ones.
    ///
    /// - Returns: `false`, with nothing changed, if the webhook is not leased under `leaseID`.
    func endTurn(_ turn: WebhookTurn, of id: String, leaseID: String, now: Date) async throws -> Bool
    /// Moves the cursor of a webhook past events that do not match, according to ``events(of:after:limit:)``.
    ///
    /// Does nothing if the webhook is leased, or its cursor is no longer `cursor`.
    func moveWebhook(_ id: String, from cursor: EventCursor, to next: EventCursor, now: Date) async throws
    /// Releases the leases of all webhooks. Called at the start of a server that does not share the store.
    func releaseWebhooks() async throws
}

/// A webhook that may have events to send.
package struct PendingWebhook: Hashable, Sendable {
    package let webhook: Webhook
    /// Time from which the webhook can be leased; in the past if it is not leased.
    package let leasedUntil: Date

    package init(webhook: Webhook, leasedUntil: Date) {
        self.webhook = webhook
        self.leasedUntil = leasedUntil
    }
}
