import Synchronization

/// The time of the last sign of life from one peer, the API or the storage.
///
/// While other requests to the same peer succeed, a lost connection is not an outage, and retries go on.
final class ContactClock: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    /// Time of the last successful request; `nil` before the first.
    var lastContact: ContinuousClock.Instant? { last.withLock { $0 } }

    /// Notes that a request just succeeded, or that bytes arrived.
    func note() { last.withLock { $0 = .now } }
}
