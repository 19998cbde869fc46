import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import PontoonCore

/// The failed authentications of each address, which are logged, and refused with 429 beyond a limit.
///
/// Only a request whose credential was found to be wrong is refused, so other clients with the same address, such as
/// those behind one router, are not affected.
final class FailedAuthentications: Sendable {
    /// The counter of each network's failures, in the memory of this process; `nil` admits any number.
    private let counter: RateLimitCounter<String>?
    private let trustsProxy: Bool
    private let now: @Sendable () -> Date
    private let lines = LogThrottle()

    /// - Parameters:
    ///   - limit: The number of failures per window and IPv4 address or IPv6 network of 64 bits; `nil` means no limit.
    ///   - trustsProxy: Whether a proxy in front of the server sets `X-Forwarded-For`.
    ///   - now: Returns the current time.
    init(limit: RateLimit?, trustsProxy: Bool, now: @escaping @Sendable () -> Date) {
        counter = limit.map { RateLimitCounter($0) }
        self.trustsProxy = trustsProxy
        self.now = now
    }

    /// Logs a failure, at most ten per second, and counts it if the request has a credential, because a request without
    /// one guesses nothing.
    ///
    /// - Returns: The response with which to refuse the request; `nil` if the address has not exceeded the limit, there
    ///   is no limit, or the request has no credential.
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
            PontoonError(.rateLimited, "Too many requests from this address had invalid credentials; retry later."),
            as: context.errorFormat
        )
        // The Python client's handler of 429 fails without these headers.
        status.addHeaders(to: &response)
        response.headers[.retryAfter] = String(max(1, status.reset - Int64(now.timeIntervalSince1970)))
        return response
    }
}
