import PontoonClient

/// The messages about an outage of the network or server.
///
/// There is one message when the outage begins and one when it ends, regardless of the number of failed requests.
struct OutageNotice {
    /// Time of the first failure; `nil` if there is no outage.
    private var start: ContinuousClock.Instant?
    private var isAnnounced = false
    /// Time of the last success; `nil` before the first.
    private var lastSuccess: ContinuousClock.Instant?

    /// An outage is announced only if the pause before a retry is longer than this.
    ///
    /// Shorter outages are common on mobile networks.
    private static let minimumPause: Duration = .seconds(1)

    /// Returns the message to print for an event; `nil` for none.
    mutating func text<Item>(_ event: TransferEvent<Item>) -> String? {
        switch event {
        case .retrying(let retry) where retry.isOutage:
            start = start ?? .now
            // A request that failed just before another one succeeded is not a new outage.
            let isRecent = lastSuccess.map { .now - $0 < Self.minimumPause } ?? false
            guard !isAnnounced, !isRecent, retry.wait > Self.minimumPause else { return nil }
            isAnnounced = true
            return "pontoon: \(retry.reason) Retrying until the connection is back; see --retry-for."
        case .partStored, .verifying: return end()
        case .finished(let result) where result.isSuccess: return end()
        default: return nil
        }
    }

    private mutating func end() -> String? {
        defer { (start, isAnnounced, lastSuccess) = (nil, false, .now) }
        guard isAnnounced, let start else { return nil }
        return "pontoon: The connection is back after \(timeText((.now - start) / .seconds(1)))."
    }
}
