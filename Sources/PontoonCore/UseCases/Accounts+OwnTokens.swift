package import PontoonFoundation

/// The properties of a token that a user creates.
///
/// A property that is `nil` is copied from the token with which the user makes the call.
package struct NewToken: Hashable, Sendable {
    package var name: String
    package var scope: TokenScope?
    package var projects: Set<ProjectID>?
    package var expiresOn: Date?

    package init(
        name: String = "",
        scope: TokenScope? = nil,
        projects: Set<ProjectID>? = nil,
        expiresOn: Date? = nil
    ) {
        self.name = name
        self.scope = scope
        self.projects = projects
        self.expiresOn = expiresOn
    }
}

/// The use cases with which users manage their own tokens.
///
/// A token can manage only tokens whose rights do not exceed its own, and cannot see any others.
extension Accounts {
    /// Creates a token for the caller.
    ///
    /// Only the token's hash is stored, so the token cannot be shown again.
    ///
    /// - Throws: `.forbidden` if the new token would have more rights than the caller's token, or expire later;
    ///   `.badRequest` for invalid properties; `.projectNotFound` if the caller is not a member of a project to which
    ///   the token is limited; `.limitReached` if the caller has the maximum number of tokens; `.notAuthenticated` if
    ///   the caller's token was revoked, or the caller was disabled, in the meantime.
    package func createToken(_ request: NewToken, caller: Caller) async throws -> (record: TokenRecord, token: Secret) {
        guard let current = caller.token else { throw PontoonError.notAuthenticated }
        let details = TokenDetails(
            name: request.name,
            rights: TokenRights(
                scope: request.scope ?? caller.rights.scope,
                projects: request.projects ?? caller.rights.projects
            ),
            expiresOn: request.expiresOn ?? current.details.expiresOn
        )
        // Checked first, so that an invalid number of projects is reported as such.
        try TokenRules.check(details, now: now())
        guard caller.rights.includes(details.rights) else {
            throw PontoonError(.forbidden, "A token cannot create a token with more rights than it has.")
        }
        if let limit = current.details.expiresOn, let expiresOn = details.expiresOn, expiresOn > limit {
            throw PontoonError(.forbidden, "A token cannot create a token that expires later than it does.")
        }
        return try await create(details, for: caller.name, createdBy: current.id)
    }

    /// Returns one page of the caller's tokens that the token of this call can manage, oldest first.
    package func tokens(caller: Caller, page: Page) async throws -> Listing<TokenRecord> {
        let all = try await visibleTokens(of: caller)
        return Listing(items: Array(all.dropFirst(page.offset).prefix(page.limit)), total: all.count)
    }

    /// Returns one of the caller's tokens.
    ///
    /// - Throws: `.tokenNotFound` if the caller has no token with this id, or the token of this call cannot manage it;
    ///   `.badRequest` if the id contains U+0000.
    package func token(_ id: String, caller: Caller) async throws -> TokenRecord {
        guard !id.utf8.contains(0) else { throw PontoonError.textContainsNull }
        guard let token = try await visibleTokens(of: caller).first(where: { $0.id == id }) else {
            throw PontoonError.tokenNotFound
        }
        return token
    }

    /// Revokes one of the caller's tokens, possibly the token of this call.
    ///
    /// - Throws: The errors of ``token(_:caller:)``.
    package func revokeToken(_ id: String, caller: Caller) async throws {
        let token = try await token(id, caller: caller)
        guard try await metadata.revokeToken(token.id) else { throw PontoonError.tokenNotFound }
    }

    private func visibleTokens(of caller: Caller) async throws -> [TokenRecord] {
        try await metadata.tokens(of: caller.name).filter { caller.rights.includes($0.details.rights) }
    }
}
