import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The token of a request, and the user on whose behalf the request is made.
struct AuthenticatedCaller: Sendable {
    let caller: Caller
    let token: Secret
    /// The session of a sender, who acts on behalf of the user and may only upload; `nil` for a request by the user.
    var session: SenderSession?
}

/// The middleware that identifies the caller of an API call by the token in `X-SBG-Auth-Token`, or else in
/// `Authorization: Bearer`, enforces the rate limit, and adds the rate-limit headers and `Cache-Control: no-store` to
/// the response.
///
/// These are not separate middlewares, because each one adds several percent to the processor time of every call.
struct CallerMiddleware: RouterMiddleware {
    typealias Context = AppContext

    let accounts: Accounts
    let senders: SenderSessions
    /// The counter of each token's calls, in the memory of this process; `nil` admits any number of calls.
    let counter: RateLimitCounter<Secret>?
    let failures: FailedAuthentications
    let now: @Sendable () -> Date

    /// Authenticates the caller, counts the call and, unless the rate limit is used up, runs the later handlers.
    ///
    /// Errors of later handlers are converted to responses here, so that they also have the rate-limit headers.
    ///
    /// - Returns: The response; 429 if the rate limit is used up, or for an invalid token from an address that sent too
    ///   many of them.
    /// - Throws: `.notAuthenticated` if the request has no valid token, or a sender's token for a call that only users
    ///   may make, or vice versa; the store's error if the token cannot be looked up.
    @concurrent func handle(
        _ request: Request,
        context: AppContext,
        next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let token = Self.token(of: request)
        let caller: AuthenticatedCaller
        do {
            caller = try await self.caller(of: token)
        } catch let error as PontoonError where error.code == .notAuthenticated {
            context.record.noteInvalidToken()
            if let refusal = failures.note(request, context, hasCredential: !token.value.isEmpty) { return refusal }
            throw error
        }
        let status = counter?.count(caller.token, now: now()) ?? .unlimited(now: now())
        (context.caller, context.rateLimit) = (caller, status)
        context.record.identify(caller)
        var response: Response
        do {
            guard status.isAdmitted else {
                throw PontoonError(.rateLimited, "The token's limit of \(status.limit) calls is used up; retry later.")
            }
            // Senders do not act as the user on whose behalf they upload.
            let actor = caller.session == nil ? caller.caller.name : nil
            response = try await EventActor.$current.withValue(actor) { try await next(request, context) }
        } catch let error as PontoonError where error.code == .notAuthenticated {
            // A sender made a call that only users may make, or vice versa. The response is the same as for an unknown
            // token.
            throw error
        } catch {
            response = try context.response(to: error)
        }
        status.addHeaders(to: &response)
        // Responses may contain signed URLs.
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// Checks whether the caller of a call that needs no token, but returns more to users, is a user.
    ///
    /// A wrong token is not refused, but counted like any other failed authentication, because the response reveals
    /// that it is wrong.
    ///
    /// - Returns: Whether the request has the token of a user, not of a sender; the response with which to refuse a
    ///   request with a wrong token from an address that sent too many of them.
    /// - Throws: The store's error if the token cannot be looked up.
    func recognizes(_ request: Request, _ context: AppContext) async throws -> (isUser: Bool, refusal: Response?) {
        let token = Self.token(of: request)
        guard !token.value.isEmpty else { return (false, nil) }
        do {
            return (try await caller(of: token).session == nil, nil)
        } catch let error as PontoonError where error.code == .notAuthenticated {
            context.record.noteInvalidToken()
            return (false, failures.note(request, context))
        }
    }

    private static func token(of request: Request) -> Secret {
        Secret(request.headers[.authToken] ?? bearer(request) ?? "")
    }

    /// Returns the caller to whom a token belongs.
    ///
    /// - Throws: `.notAuthenticated` if the token is not valid; the store's error if it cannot be looked up.
    func caller(of token: Secret) async throws -> AuthenticatedCaller {
        if SenderSessions.isSenderToken(token) {
            let session = try await senders.session(token: token)
            return AuthenticatedCaller(caller: Caller(session.user), token: token, session: session)
        }
        return AuthenticatedCaller(caller: try await accounts.caller(token: token.value), token: token)
    }

    private static func bearer(_ request: Request) -> String? {
        guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
        return value.dropFirst("bearer ".count).trimmingCharacters(in: .whitespaces)
    }
}
