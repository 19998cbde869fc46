import Synchronization

/// The time of the last successful contact with one peer, the API or the storage.
///
/// If other requests to the same peer succeed, a lost connection is not an outage, so the failed request is retried for
/// longer; see ``RetryPolicy/maximumTime``.
final class ContactClock: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    /// Time of the last contact; `nil` before the first contact.
    var lastContact: ContinuousClock.Instant? { last.withLock { $0 } }

    /// Records that a request just succeeded, or that bytes arrived.
    func note() { last.withLock { $0 = .now } }
}
