public import PontoonFoundation
import NIOHTTP1
import PontoonCore

/// A token of the user, as returned by Pontoon's `tokens` extension.
public struct TokenDetails: Sendable, Decodable, Identifiable {
    /// Id of the token, which is not secret.
    public let id: String
    /// Description of the token; may be empty.
    public let name: String
    /// The calls that the token allows: `full`, `read` or `upload`.
    public let scope: String
    /// Ids of the projects to which the token is limited; `nil` if it is not limited.
    public let projects: [String]?
    /// The time at which the token expires; `nil` if it does not expire.
    public let expires: Date?
    /// The last day, in UTC, on which the token was used, such as `2026-11-27`; `nil` if it was never used.
    public let lastUsed: String?
    /// Whether this is the token that the client uses.
    public let isCurrent: Bool
    /// The secret token itself; `nil` except in the response to
    /// ``SevenBridgesClient/createToken(name:scope:projects:expires:)``.
    public let token: AuthToken?

    private enum CodingKeys: String, CodingKey {
        case id, name, scope, projects, expires, current, token
        case lastUsed = "last_used"
    }

    /// Decodes the API's JSON.
    ///
    /// - Throws: `DecodingError` if the id or the scope is missing, or if a value has an unexpected type.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        name = try fields.decodeIfPresent(String.self, forKey: .name) ?? ""
        scope = try fields.decode(String.self, forKey: .scope)
        projects = try fields.decodeIfPresent([String].self, forKey: .projects)
        expires = try fields.decodeIfPresent(LenientDate.self, forKey: .expires)?.date
        lastUsed = try fields.decodeIfPresent(String.self, forKey: .lastUsed)
        isCurrent = try fields.decodeIfPresent(Bool.self, forKey: .current) ?? false
        token = try fields.decodeIfPresent(String.self, forKey: .token).map { AuthToken($0) }
    }
}

extension SevenBridgesClient {
    /// Lists one page of the user's tokens, omitting tokens with more rights than the client's token.
    ///
    /// - Throws: ``APIError``, ``ClientError``.
    public func tokens(offset: Int = 0, limit: Int = 100) async throws -> ResultPage<TokenDetails> {
        try await page("/tokens", offset: offset, limit: limit, purpose: "list your tokens")
    }

    /// Creates a token for the user.
    ///
    /// If `scope`, `projects` or `expires` is `nil`, the new token has the value of the client's token. The new token
    /// cannot have more rights than the client's token, or expire later.
    ///
    /// - Parameters:
    ///   - name: Description of the token, at most 100 characters.
    ///   - scope: The calls that the token allows: `full`, `read` or `upload`.
    ///   - projects: Ids of the projects to which the token is limited.
    ///   - expires: The time at which the token expires, which must be in the future. Fractions of a second are
    ///     dropped.
    /// - Returns: The token, including ``TokenDetails/token``, which cannot be requested again.
    /// - Throws: ``APIError``, with status 403 if the token would have more rights than the client's token or expire
    ///   later, or 404 if a project does not exist; ``ClientError``.
    public func createToken(
        name: String,
        scope: String? = nil,
        projects: [String]? = nil,
        expires: Date? = nil
    ) async throws -> TokenDetails {
        var body: [String: JSONValue] = ["name": .string(name)]
        body["scope"] = scope.map { .string($0) }
        body["projects"] = projects.map { .array($0.map { .string($0) }) }
        body["expires"] = expires.map { .string($0.formatted(.iso8601)) }
        return try await call(
            APIRequest(
                method: .POST,
                path: "/tokens",
                body: .object(body),
                idempotency: .nonIdempotent,
                purpose: "create a token"
            )
        )
    }

    /// Revokes one of the user's tokens, which may be the client's own token.
    ///
    /// If the response to the revocation of the client's own token is lost, the call fails with status 401, although
    /// the token was revoked.
    ///
    /// - Throws: ``APIError``, with status 404 if the token does not exist or has more rights than the client's token;
    ///   ``ClientError``.
    public func revokeToken(_ id: String) async throws {
        try await delete(
            APIRequest(method: .DELETE, path: "/tokens/\(id.urlEncoded)", purpose: "revoke the token \(id)")
        )
    }
}
