/// A client that sends events to the receivers of webhooks.
package protocol WebhookSender: Sendable {
    /// Resolves the host name of a receiver, and prepares a connection to one of its addresses that are allowed.
    ///
    /// - Parameters:
    ///   - target: The URL of the receiver.
    ///   - attempt: Number of failed attempts so far. Consecutive numbers select different addresses if there are
    ///     several.
    /// - Returns: The connection, which the caller must close. If no address was found or none is allowed, its requests
    ///   fail.
    func open(_ target: WebhookURL, attempt: Int) async -> any WebhookConnection
}

/// A connection to the receiver of a webhook.
///
/// Only one task may use a connection at a time.
package protocol WebhookConnection: Sendable {
    /// Sends the encoded event `body` in a `POST` request.
    ///
    /// Returns within a fixed time, even if the receiver does not respond. If the task is cancelled, the outcome says
    /// nothing about the receiver.
    func post(_ body: [UInt8], headers: [(name: String, value: String)]) async -> WebhookOutcome
    func close() async
}
