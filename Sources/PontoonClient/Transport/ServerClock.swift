import PontoonFoundation
import PontoonCore
import Synchronization

/// The server's clock, as estimated from the `Date` headers of responses from the API and the storage.
///
/// The expiry of signed URLs is checked against this clock, because the local clock may be wrong by hours.
final class ServerClock: Sendable {
    private struct State {
        var skew: TimeInterval = 0
        var lastUpdate: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Number of seconds by which the server's clock is ahead of the local clock; negative if it is behind, and 0
    /// before the first response.
    ///
    /// Accurate to about one second.
    var skew: TimeInterval { state.withLock { $0.skew } }
    /// The current time on the server.
    var now: Date { Date.now.addingTimeInterval(skew) }

    /// Updates the skew from the `Date` header of a response that just arrived, at most every 30 seconds.
    ///
    /// Ignores a missing or invalid header.
    func note(_ header: String?) {
        let isDue = state.withLock { state in
            guard let last = state.lastUpdate else { return true }
            return last + .seconds(30) < .now
        }
        guard isDue, let header, let parsed = HTTPDate.parse(header),
            let date = ServerValues.date(secondsSince1970: parsed.timeIntervalSince1970)
        else { return }
        state.withLock { state in
            state.skew = date.timeIntervalSinceNow
            state.lastUpdate = .now
        }
    }
}
