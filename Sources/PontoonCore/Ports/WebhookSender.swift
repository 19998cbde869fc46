/// The sender of events to the receivers of webhooks.
package protocol WebhookSender: Sendable {
    /// Resolves the host name of a receiver, and prepares a connection to one of the addresses that are allowed.
    ///
    /// - Parameters:
    ///   - target: The receiver.
    ///   - attempt: Number of failed attempts so far. Selects one of several addresses, so that retries use different
    ///     ones.
    /// - Returns: The connection. If no address was found or none is allowed, its requests fail.
    func open(_ target: WebhookURL, attempt: Int) async -> any WebhookConnection
}

/// A connection to the receiver of a webhook.
///
/// Only one task may use it at a time.
package protocol WebhookConnection: Sendable {
    /// Sends an event with `POST`.
    ///
    /// Returns within a fixed time, even if the receiver does not respond. The outcome is meaningless if the task is
    /// cancelled.
    func post(_ body: [UInt8], headers: [(name: String, value: String)]) async -> WebhookOutcome
    func close() async
}
