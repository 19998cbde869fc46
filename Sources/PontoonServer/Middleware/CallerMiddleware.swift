import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The token of a request, and the user on whose behalf the request is made.
struct AuthenticatedCaller: Sendable {
    let caller: Caller
    let token: Secret
    /// The session if the caller is a sender, who uploads on behalf of the user; `nil` if the caller is the user.
    var session: SenderSession?
}

/// The middleware that authenticates API calls, enforces the rate limit, and adds the rate-limit headers and
/// `Cache-Control: no-store` to the responses to authenticated calls.
///
/// The token is read from `X-SBG-Auth-Token` or, if this header is absent, from `Authorization: Bearer`. One middleware
/// does all of this, because each additional middleware adds several percent to the CPU time of every call.
struct CallerMiddleware: RouterMiddleware {
    typealias Context = AppContext

    let accounts: Accounts
    let senders: SenderSessions
    /// The counter of the calls of each token to this process; `nil` if there is no limit.
    let counter: RateLimitCounter<Secret>?
    let failures: FailedAuthentications
    let now: @Sendable () -> Date

    /// Authenticates the caller, counts the call and, unless the rate limit is exceeded, runs the later handlers.
    ///
    /// Errors of later handlers are converted to responses here, so that these responses also have the rate-limit
    /// headers.
    ///
    /// - Returns: The response. Its status is 429 if the rate limit is exceeded, or if the token is invalid and the
    ///   client's address has sent too many invalid credentials.
    /// - Throws: `.notAuthenticated` if the request has no valid token, or if a sender makes a call that only users may
    ///   make, or vice versa; the store's error if the token cannot be looked up; an error of the HTTP parser, to which
    ///   the channel responds.
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
                throw PontoonError(
                    .rateLimited,
                    "The token reached its limit of \(status.limit) calls; try again later."
                )
            }
            // Events do not attribute a sender's changes to the user on whose behalf the sender uploads.
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

    /// Checks whether the caller is a user, in a call that needs no token but returns more to users.
    ///
    /// An invalid token counts as a failed authentication, because the response reveals that it is invalid. The request
    /// is refused only if the client's address has sent too many invalid credentials.
    ///
    /// - Returns: Whether the request has a valid token of a user, not of a sender; and the response with which to
    ///   refuse the request, or `nil` if it is not refused.
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
