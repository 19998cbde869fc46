import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The token of a request, and the user who owns it.
struct AuthenticatedCaller: Sendable {
    let user: User
    let token: Secret
}

/// Identifies the caller by the token in `X-SBG-Auth-Token`, or else in `Authorization: Bearer`.
///
/// Rejects requests without a valid token with `.notAuthenticated`.
struct AuthenticationMiddleware: RouterMiddleware {
    typealias Context = AppContext

    let accounts: Accounts

    @concurrent func handle(
        _ request: Request,
        context: AppContext,
        next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        let token = Secret(request.headers[.authToken] ?? Self.bearer(request) ?? "")
        var context = context
        context.caller = AuthenticatedCaller(user: try await accounts.caller(token: token.value), token: token)
        return try await next(request, context)
    }

    private static func bearer(_ request: Request) -> String? {
        guard let value = request.headers[.authorization], value.lowercased().hasPrefix("bearer ") else { return nil }
        return value.dropFirst("bearer ".count).trimmingCharacters(in: .whitespaces)
    }
}
