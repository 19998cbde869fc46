import Foundation
import Hummingbird
import PontoonCore
import Synchronization

/// Counts the calls of each token, in the memory of this process alone.
final class RateLimiter: Sendable {
    private let table: Mutex<RateLimitStore>

    /// Takes the limit of every token.
    init(_ limit: RateLimit) { table = Mutex(RateLimitStore(limit: limit)) }

    /// Counts a call of a token.
    func call(_ token: Secret, now: Date) -> RateLimitStatus { table.withLock { $0.call(token, now: now) } }
}

extension RateLimitStatus {
    /// Puts the three headers on an answer, once each: the clients read them as integers.
    func mark(_ response: inout Response) {
        response.headers[.rateLimitLimit] = String(limit)
        response.headers[.rateLimitRemaining] = String(remaining)
        response.headers[.rateLimitReset] = String(reset)
    }
}

/// An error of a call that was counted: its answer has the three headers too.
struct CountedError: Error {
    let cause: any Error
    let rate: RateLimitStatus
}
