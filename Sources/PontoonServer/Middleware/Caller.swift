import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// What the handlers of the API share: who calls, under which address, and how bodies are read.
struct APISupport: Sendable {
    let services: Services
    let settings: ServerSettings
    let bodies: Bodies

    init(services: Services, settings: ServerSettings) {
        self.services = services
        self.settings = settings
        bodies = Bodies(maximumSize: settings.maximumBodySize)
    }

    /// The caller; `X-SBG-Auth-Token` wins over `Authorization: Bearer`.
    ///
    /// - Throws: `.notAuthenticated`.
    func caller(_ request: Request) async throws -> User {
        try await services.accounts.caller(token: request.headers[.authToken] ?? Self.bearer(request))
    }

    /// Where this client reaches the server.
    func base(_ request: Request) -> BaseURL {
        if let url = settings.publicURL { return url }
        let isSecure = settings.trustsForwardedProto && request.headers[.forwardedProto]?.lowercased() == "https"
        let own = "\(settings.host):\(settings.port)"
        let named = request.head.authority.flatMap { BaseURL("\(isSecure ? "https" : "http")://\($0)") }
        guard let url = named ?? BaseURL("http://\(own)") else { preconditionFailure("\(own) is no address") }
        return url
    }

    private static func bearer(_ request: Request) -> String? {
        guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
        return value.dropFirst("bearer ".count).trimmingCharacters(in: .whitespaces)
    }
}

/// A handler of one call: the request, its query and the caller are at hand.
struct APICall: Sendable {
    let request: Request
    let context: AppContext
    let caller: User
    let base: BaseURL
    let query: Query
}

/// State of the rate limit as the headers show it.
///
/// There is none: the figures say "practically without end".
enum RateLimit {
    static let unlimited = Int(Int32.max)
    static let window: TimeInterval = 300

    /// Unix seconds at which the window ends.
    static func reset(now: Date) -> Int64 { Int64(now.timeIntervalSince1970 + window) }

    /// Puts the three headers on an answer.
    static func mark(_ response: inout Response, now: Date) {
        response.headers[.rateLimitLimit] = String(unlimited)
        response.headers[.rateLimitRemaining] = String(unlimited)
        response.headers[.rateLimitReset] = String(reset(now: now))
    }
}
