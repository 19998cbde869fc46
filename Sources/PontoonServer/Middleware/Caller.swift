import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore
import Synchronization

/// What the handlers of the API share: who calls, under which address, and how bodies are read.
struct APISupport: Sendable {
    let services: UseCases
    let settings: ServerSettings
    let bodies: Bodies
    private let limiter: RateLimiter?
    private let recentBase = RecentBase()

    init(services: UseCases, settings: ServerSettings) {
        self.services = services
        self.settings = settings
        bodies = Bodies(maximumSize: settings.maximumBodySize)
        limiter = settings.rateLimit.map { RateLimiter($0) }
    }

    /// The caller, with this call counted; `X-SBG-Auth-Token` wins over `Authorization: Bearer`.
    ///
    /// - Throws: `.notAuthenticated`, and nothing is counted.
    func caller(_ request: Request) async throws -> (user: User, rate: RateLimitStatus) {
        let token = Secret(request.headers[.authToken] ?? Self.bearer(request) ?? "")
        let user = try await services.accounts.caller(token: token.value)
        let now = services.now()
        return (user, limiter?.call(token, now: now) ?? .unlimited(now: now))
    }

    /// Where this client reaches the server.
    func base(_ request: Request) -> BaseURL {
        if let url = settings.publicURL { return url }
        let isSecure = settings.trustsForwardedProto && request.headers[.forwardedProto]?.lowercased() == "https"
        let own = "\(settings.host):\(settings.port)"
        let named = request.head.authority.flatMap { recentBase.url("\(isSecure ? "https" : "http")://\($0)") }
        guard let url = named ?? BaseURL("http://\(own)") else { preconditionFailure("\(own) is no address") }
        return url
    }

    private static func bearer(_ request: Request) -> String? {
        guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
        return value.dropFirst("bearer ".count).trimmingCharacters(in: .whitespaces)
    }
}

/// The address that was read last: nearly all calls name the same.
private final class RecentBase: Sendable {
    private let last = Mutex<(text: String, url: BaseURL)?>(nil)

    /// - Returns: `nil` when the text is no address.
    func url(_ text: String) -> BaseURL? {
        if let last = last.withLock({ $0 }), last.text == text { return last.url }
        guard let url = BaseURL(text) else { return nil }
        last.withLock { $0 = (text, url) }
        return url
    }
}

/// A handler of one call: the request, its query and the caller are at hand.
struct APICall: Sendable {
    let request: Request
    let context: AppContext
    let caller: User
    /// Where the caller's token stands, this call counted.
    let rate: RateLimitStatus
    let base: BaseURL
    let query: Query
}
