import Foundation
import Synchronization

/// The server's time, from the `Date` of its answers.
///
/// Expiry is said in the server's time; the local clock may be wrong by hours.
final class ServerClock: Sendable {
    private struct State {
        var skew: TimeInterval = 0
        var notedAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// How far the server's clock is ahead of ours, in seconds; to about a second.
    var skew: TimeInterval { state.withLock { $0.skew } }
    /// The time at the server.
    var now: Date { Date.now.addingTimeInterval(skew) }

    /// Takes the `Date` header of an answer that just came; twice a minute is enough.
    func note(_ header: String?) {
        let isDue = state.withLock { state in
            guard let last = state.notedAt else { return true }
            return last + .seconds(30) < .now
        }
        guard isDue, let header, let date = HTTPDate.parse(header) else { return }
        state.withLock { state in
            state.skew = date.timeIntervalSinceNow
            state.notedAt = .now
        }
    }
}

/// Dates as HTTP writes them.
///
/// Source: RFC 9110, section 5.6.7.
enum HTTPDate {
    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func parse(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.date(from: text)
    }
}
