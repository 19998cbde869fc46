public import PontoonFoundation
import NIOHTTP1
import Synchronization

/// The state of a token's rate limit.
public struct RateLimitState: Hashable, Sendable {
    /// Number of calls allowed per window.
    public var limit: Int
    /// Number of calls that are still allowed in the current window.
    public var remaining: Int
    /// Start of the next window, according to the server's clock.
    public var reset: Date

    /// Creates the state of a rate limit.
    ///
    /// - Parameters:
    ///   - limit: Number of calls allowed per window.
    ///   - remaining: Number of calls that are still allowed in the current window.
    ///   - reset: Start of the next window, according to the server's clock.
    public init(limit: Int, remaining: Int, reset: Date) {
        self.limit = limit
        self.remaining = remaining
        self.reset = reset
    }
}

/// A throttle that delays calls while the rate limit is exhausted, because the server would reject them.
final class RateLimitThrottle: Sendable {
    private struct State {
        var rateLimit: RateLimitState?
        var closedUntil: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// The rate limit from the last response that reported it; `nil` if none did.
    var rateLimit: RateLimitState? { state.withLock { $0.rateLimit } }

    /// Waits until the next window, at most 900 seconds, if the rate limit is exhausted.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    func pass() async throws {
        while let until = state.withLock({ $0.closedUntil }), until > .now {
            try await Task.sleep(until: until, clock: .continuous)
        }
    }

    /// Updates the state from the headers of a response.
    ///
    /// - Returns: The time until the limit has reset, at most 900 seconds; `nil` if the headers do not report the rate
    ///   limit.
    @discardableResult
    func note(_ response: HTTPResponse, clock: ServerClock) -> Duration? {
        func number(_ name: String) -> Int64? { response.headers.first(name: name).flatMap { Int64($0) } }
        guard let limit = number("X-RateLimit-Limit"), let remaining = number("X-RateLimit-Remaining"),
            let reset = number("X-RateLimit-Reset")
        else { return nil }
        let dates = ServerValues.dates
        let date = Date(timeIntervalSince1970: min(max(TimeInterval(reset), dates.lowerBound), dates.upperBound))
        // Add a second, because the reset time and the server's clock have a resolution of one second.
        let wait = Duration.seconds(min(max(0, date.timeIntervalSince(clock.now)) + 1, 900))
        state.withLock { state in
            state.rateLimit = RateLimitState(
                limit: Int(clamping: limit),
                remaining: Int(clamping: remaining),
                reset: date
            )
            if limit > 0, remaining <= 0 { state.closedUntil = .now + wait }
        }
        return wait
    }
}
