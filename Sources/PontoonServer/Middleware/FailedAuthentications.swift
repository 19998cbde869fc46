import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import PontoonCore

/// A counter of the failed authentications of each address, which logs them and refuses them with 429 beyond a limit.
///
/// Callers pass only requests with invalid credentials, so the limit does not affect other clients behind the same
/// router.
final class FailedAuthentications: Sendable {
    /// The counter of the failures of each IPv4 address or 64-bit IPv6 network in this process; `nil` if there is no
    /// limit.
    private let counter: RateLimitCounter<String>?
    private let trustsProxy: Bool
    private let now: @Sendable () -> Date
    private let lines = LogThrottle()

    /// - Parameters:
    ///   - limit: The limit on the failures of one IPv4 address or one 64-bit IPv6 network; `nil` means no limit.
    ///   - trustsProxy: Whether a proxy in front of the server sets `X-Forwarded-For`.
    ///   - now: Returns the current time.
    init(limit: RateLimit?, trustsProxy: Bool, now: @escaping @Sendable () -> Date) {
        counter = limit.map { RateLimitCounter($0) }
        self.trustsProxy = trustsProxy
        self.now = now
    }

    /// Logs a failed authentication, at most ten per second, and counts it if the request has a credential.
    ///
    /// A request without a credential does not count, because it is not an attempt to guess one.
    ///
    /// - Returns: A response with status 429; `nil` if the address has not exceeded the limit, there is no limit, or
    ///   the request has no credential.
    func note(_ request: Request, _ context: AppContext, hasCredential: Bool = true) -> Response? {
        let address = context.clientAddress(of: request, trustsProxy: trustsProxy)
        if let suppressed = lines.admit() {
            context.log.notice(
                "authentication failed",
                metadata: ["address": "\(address)", "suppressed": "\(suppressed)"]
            )
        }
        let now = now()
        guard hasCredential, let status = counter?.count(AppContext.network(ofAddress: address), now: now),
            !status.isAdmitted
        else { return nil }
        context.record.note(refusal: .rateLimited)
        var response = Response.refusal(
            PontoonError(.rateLimited, "Too many requests from this address had invalid credentials; try again later."),
            as: context.errorFormat
        )
        // The Python client cannot handle status 429 without these headers.
        status.addHeaders(to: &response)
        response.headers[.retryAfter] = String(max(1, status.reset - Int64(now.timeIntervalSince1970)))
        return response
    }
}
