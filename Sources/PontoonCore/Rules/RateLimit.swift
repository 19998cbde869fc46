package import Foundation

/// How many calls of the API a token may make in a span of time.
///
/// Source: docs/api.md#rate-limit.
package struct RateLimit: Hashable, Sendable {
    /// Calls in one window, 1 or more.
    package let calls: Int
    /// Length of a window, 1 s or more.
    package let window: Duration

    /// Joins the fields.
    package init(calls: Int, window: Duration) {
        self.calls = calls
        self.window = window
    }
}

/// Where a token stands with one call counted, in the figures of the API.
package struct RateLimitStatus: Hashable, Sendable {
    /// Calls in one window.
    package let limit: Int
    /// Calls that are left in this window.
    package let remaining: Int
    /// Unix seconds; from then on a new window may begin.
    package let reset: Int64
    /// Whether the call that was counted may be answered.
    package let isAdmitted: Bool

    /// Without a limit: figures that nobody reaches, since the Python client reads them anyway.
    package static func unlimited(now: Date) -> RateLimitStatus {
        RateLimitStatus(
            limit: Int(Int32.max),
            remaining: Int(Int32.max),
            reset: Int64(now.timeIntervalSince1970) + 300,
            isAdmitted: true
        )
    }
}

/// The calls of one token in one window.
///
/// A window is fixed: it begins with a call and ends when its time is up, however many calls came.
package struct RateWindow: Hashable, Sendable {
    private let limit: RateLimit
    private let begin: Date
    private var calls = 0

    /// Begins a window, with no call in it.
    package init(limit: RateLimit, begin: Date) {
        self.limit = limit
        self.begin = begin
    }

    private var end: Date { begin.addingTimeInterval(limit.window.inSeconds) }

    /// Whether a call made now belongs to this window; a clock that was set back ends it too.
    package func contains(_ now: Date) -> Bool { begin <= now && now < end }

    /// Counts a call; one that is not admitted costs nothing.
    package mutating func count() -> RateLimitStatus {
        let isAdmitted = calls < limit.calls
        if isAdmitted { calls += 1 }
        return RateLimitStatus(
            limit: limit.calls,
            remaining: limit.calls - calls,
            // Rounded up: a client that sleeps until this second wakes up after the window's end, never before.
            reset: Int64(end.timeIntervalSince1970.rounded(.up)),
            isAdmitted: isAdmitted
        )
    }
}

/// The windows of all tokens; of bounded size.
package struct RateLimitStore: Sendable {
    private let limit: RateLimit
    private let capacity: Int
    private var windows: [Secret: RateWindow] = [:]

    /// An empty table.
    ///
    /// - Parameters:
    ///   - limit: The same for every token.
    ///   - capacity: Tokens that are remembered, 1 or more. One more forgets another, which may then begin anew.
    package init(limit: RateLimit, capacity: Int = 4096) {
        self.limit = limit
        self.capacity = capacity
    }

    /// How many tokens are remembered.
    package var count: Int { windows.count }

    /// Counts a call of a token.
    package mutating func call(_ token: Secret, now: Date) -> RateLimitStatus {
        if windows[token]?.contains(now) != true { makeRoom(now) }
        return windows[token, default: RateWindow(limit: limit, begin: now)].count()
    }

    /// Drops the windows that have ended.
    private mutating func makeRoom(_ now: Date) {
        windows = windows.filter { $0.value.contains(now) }
        if windows.count >= capacity, let one = windows.keys.first { windows[one] = nil }
    }
}
