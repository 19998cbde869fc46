import Hummingbird
import PontoonCore

/// The request handlers with which users manage their own tokens.
///
/// Source: docs/api.md#tokens.
struct TokenCalls {
    /// Path of the tokens, relative to `/v2`.
    static let root = "/tokens"

    let accounts: Accounts

    func add(to routes: Routes) {
        routes.call(.get, Self.root, list)
        routes.call(.post, Self.root, create)
        routes.call(.get, "\(Self.root)/{token_id}", details)
        routes.call(.delete, "\(Self.root)/{token_id}", revoke)
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let listing = try await accounts.tokens(caller: call.caller, page: try call.query.page())
        return try .list(
            listing.map { TokenBody(record: $0, caller: call.caller, base: call.base) },
            path: Self.root,
            call: call,
            fields: .all
        )
    }

    @Sendable private func create(_ call: APICall) async throws -> Response {
        let request = try NewToken(try await call.readObject(code: .badRequest))
        let (record, token) = try await accounts.createToken(request, caller: call.caller)
        call.note(AuditEntry.Object(id: record.id, target: record.userName, name: record.details.name))
        let body = TokenBody(record: record, caller: call.caller, base: call.base, token: token)
        return .json(body, status: .created)
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let record = try await accounts.token(try call.context.segment("token_id"), caller: call.caller)
        return .json(TokenBody(record: record, caller: call.caller, base: call.base))
    }

    @Sendable private func revoke(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        try await accounts.revokeToken(try call.context.segment("token_id"), caller: call.caller)
        return Response(status: .noContent)
    }
}
