import Foundation
import Hummingbird
import HummingbirdCore
import PontoonCore
import Synchronization

/// A thread-safe counter of the calls of each token.
final class RateLimitCounter: Sendable {
    private let store: Mutex<RateLimitStore>

    init(_ limit: RateLimit) { store = Mutex(RateLimitStore(limit: limit)) }

    func count(_ token: Secret, now: Date) -> RateLimitStatus { store.withLock { $0.call(token, now: now) } }
}

extension RateLimitStatus {
    /// Sets the three rate-limit headers, replacing earlier values because clients cannot parse repeated headers.
    func addHeaders(to response: inout Response) {
        response.headers[.rateLimitLimit] = String(limit)
        response.headers[.rateLimitRemaining] = String(remaining)
        response.headers[.rateLimitReset] = String(reset)
    }
}
