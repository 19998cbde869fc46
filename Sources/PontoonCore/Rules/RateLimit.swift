package import PontoonFoundation

/// A maximum number of API calls per fixed window, which applies separately to each key, such as a token.
///
/// Source: docs/api.md#rate-limit.
package struct RateLimit: Hashable, Sendable {
    /// Number of calls per window, 1 or more.
    package let calls: Int
    /// Length of a window, one second or more.
    package let window: Duration

    package init(calls: Int, window: Duration) {
        self.calls = calls
        self.window = window
    }
}

/// The state of one key's rate limit after a call, as the API returns it.
package struct RateLimitStatus: Hashable, Sendable {
    /// Number of calls per window.
    package let limit: Int
    /// Number of calls that remain in this window.
    package let remaining: Int
    /// End of the window, in Unix seconds.
    package let reset: Int64
    /// Whether the call is within the limit.
    package let isAdmitted: Bool

    /// Returns the status for a service without a rate limit.
    ///
    /// The numbers are very large, because the Python client requires numbers.
    package static func unlimited(now: Date) -> RateLimitStatus {
        RateLimitStatus(
            limit: Int(Int32.max),
            remaining: Int(Int32.max),
            reset: Int64(now.timeIntervalSince1970) + 300,
            isAdmitted: true
        )
    }
}

/// A counter of one key's calls in one fixed window.
package struct RateWindow: Hashable, Sendable {
    private let limit: RateLimit
    private let begin: Date
    private var calls = 0

    package init(limit: RateLimit, begin: Date) {
        self.limit = limit
        self.begin = begin
    }

    private var end: Date { begin.addingTimeInterval(limit.window.inSeconds) }

    /// Returns whether a call at this time belongs to the window.
    ///
    /// If the clock was set back to a time before the window, the call belongs to a new window.
    package func contains(_ now: Date) -> Bool { begin <= now && now < end }

    /// Counts a call unless it exceeds the limit, and returns the status after the call.
    package mutating func count() -> RateLimitStatus {
        let isAdmitted = calls < limit.calls
        if isAdmitted { calls += 1 }
        return RateLimitStatus(
            limit: limit.calls,
            remaining: limit.calls - calls,
            // Rounded up, so that a client that sleeps until this time does not wake up before the end of the window.
            reset: Int64(end.timeIntervalSince1970.rounded(.up)),
            isAdmitted: isAdmitted
        )
    }
}

/// The current rate-limit windows of all keys, such as tokens, in bounded memory.
///
/// The window of a key starts with the first call after the previous window.
package struct RateLimitStore<Key: Hashable & Sendable>: Sendable {
    private let limit: RateLimit
    private let capacity: Int
    private var windows: [Key: RateWindow] = [:]

    /// - Parameters:
    ///   - limit: Applies to every key.
    ///   - capacity: Maximum number of keys to remember, 1 or more. To make room for another key, all keys whose
    ///     windows have ended are removed, or an arbitrary key if there are none. The next call of a removed key starts
    ///     a new window.
    package init(limit: RateLimit, capacity: Int = 4096) {
        self.limit = limit
        self.capacity = capacity
    }

    package var count: Int { windows.count }

    /// Counts a call of a key unless it exceeds the limit, and returns the status after the call.
    package mutating func call(_ key: Key, now: Date) -> RateLimitStatus {
        if windows[key]?.contains(now) != true {
            windows[key] = nil
            if windows.count >= capacity { makeRoom(now) }
        }
        return windows[key, default: RateWindow(limit: limit, begin: now)].count()
    }

    /// Removes all windows that have ended, or an arbitrary window if none has ended.
    private mutating func makeRoom(_ now: Date) {
        windows = windows.filter { $0.value.contains(now) }
        if windows.count >= capacity, let one = windows.keys.first { windows[one] = nil }
    }
}
