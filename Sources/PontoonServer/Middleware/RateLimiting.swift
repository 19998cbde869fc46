import Foundation
import Hummingbird
import HummingbirdCore
import PontoonCore
import Synchronization

/// A thread-safe counter of the calls of each key, such as a token.
final class RateLimitCounter<Key: Hashable & Sendable>: Sendable {
    private let store: Mutex<RateLimitStore<Key>>

    init(_ limit: RateLimit) { store = Mutex(RateLimitStore(limit: limit)) }

    func count(_ key: Key, now: Date) -> RateLimitStatus { store.withLock { $0.call(key, now: now) } }
}

extension RateLimitStatus {
    /// Sets the three rate-limit headers.
    ///
    /// Replaces earlier values, because clients cannot parse repeated headers.
    func addHeaders(to response: inout Response) {
        response.headers[.rateLimitLimit] = String(limit)
        response.headers[.rateLimitRemaining] = String(remaining)
        response.headers[.rateLimitReset] = String(reset)
    }
}
