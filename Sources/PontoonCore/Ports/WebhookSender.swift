/// The sender of events to the receivers of webhooks.
package protocol WebhookSender: Sendable {
    /// Looks up the addresses of a receiver, and prepares a connection to one of those that are allowed.
    ///
    /// - Parameters:
    ///   - target: The receiver.
    ///   - attempt: Number of attempts that failed, which selects one of several addresses.
    /// - Returns: The connection; if no address is allowed or known, its requests fail.
    func open(_ target: WebhookURL, attempt: Int) async -> any WebhookConnection
}

/// A connection to the receiver of a webhook; used by one task at a time.
package protocol WebhookConnection: Sendable {
    /// Sends an event with `POST`.
    ///
    /// Returns within a fixed time, even if the receiver does not respond. The outcome is meaningless if the task is
    /// cancelled.
    func post(_ body: [UInt8], headers: [(name: String, value: String)]) async -> WebhookOutcome
    /// Closes the connection.
    func close() async
}
