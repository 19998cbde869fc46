public import Foundation
import NIOHTTP1
import Synchronization

/// Where a token stands with its limit of calls.
public struct RateBudget: Hashable, Sendable {
    /// Calls in each window.
    public var limit: Int
    /// Calls left in this one.
    public var remaining: Int
    /// When the next begins, in the server's time.
    public var reset: Date

    /// Joins the fields.
    public init(limit: Int, remaining: Int, reset: Date) {
        self.limit = limit
        self.remaining = remaining
        self.reset = reset
    }
}

/// Holds calls back when the limit is used up, so that they are not sent to be refused.
final class RateGate: Sendable {
    private struct State {
        var budget: RateBudget?
        var closedUntil: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// What the last answer said.
    var budget: RateBudget? { state.withLock { $0.budget } }

    /// Waits until a call may be made.
    func pass() async throws {
        while let until = state.withLock({ $0.closedUntil }), until > .now {
            try await Task.sleep(until: until, clock: .continuous)
        }
    }

    /// Takes the headers of an answer.
    ///
    /// - Returns: How long until the limit is reset, when the headers say so.
    @discardableResult
    func note(_ answer: HTTPAnswer, clock: ServerClock) -> Duration? {
        func number(_ name: String) -> Int64? { answer.headers.first(name: name).flatMap { Int64($0) } }
        guard let limit = number("X-RateLimit-Limit"), let remaining = number("X-RateLimit-Remaining"),
            let reset = number("X-RateLimit-Reset")
        else { return nil }
        let date = Date(timeIntervalSince1970: TimeInterval(reset))
        // A second more: both clocks are read to the second.
        let wait = Duration.seconds(min(max(0, date.timeIntervalSince(clock.now)) + 1, 900))
        state.withLock { state in
            state.budget = RateBudget(limit: Int(clamping: limit), remaining: Int(clamping: remaining), reset: date)
            if limit > 0, remaining <= 0 { state.closedUntil = .now + wait }
        }
        return wait
    }
}
