package import PontoonFoundation

/// The use cases that sign senders in and authenticate their later calls.
package struct SenderSessions: Sendable {
    private let metadata: any MetadataStore
    private let passwords: any PasswordHashing
    private let now: @Sendable () -> Date

    /// Minimum time in seconds between two updates of the time of a session's last call.
    private static let useInterval: TimeInterval = 3600

    package init(
        metadata: any MetadataStore,
        passwords: any PasswordHashing,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.passwords = passwords
        self.now = { @Sendable in now().wholeMilliseconds }
    }

    /// A sender who has just signed in.
    package struct SignedIn: Sendable {
        package let session: SenderSession
        /// The token for later calls; only its hash is stored.
        package let token: Secret
        package let usage: UploadLinkUsage
    }

    /// The result of an attempt to sign in.
    package enum SignInResult: Sendable {
        case signedIn(SignedIn)
        /// Too many passwords were tried, or too many senders signed in within one minute. The sender may try again
        /// after this time, which is at least one second.
        case retry(after: Duration)
    }

    /// Signs a sender in with the secret of a link.
    ///
    /// - Parameters:
    ///   - secret: The link's secret.
    ///   - password: The password that the sender entered; `nil` if none.
    ///   - sender: The name that the sender entered; `nil` if none.
    ///   - address: The sender's IPv4 address or IPv6 network, for which password attempts are counted.
    /// - Returns: The session, or the time after which the sender may try again.
    /// - Throws: `.badRequest` if the name is invalid or the password too long; `.uploadLinkNotFound`;
    ///   `.uploadLinkExpired` if the link has expired or is not usable (``UploadLinkSummary/isUsable``);
    ///   `.uploadLinkForbidden` if the password is missing or wrong; `.limitReached` if too many senders are signed in
    ///   and all of them have started uploads; `.unavailable` if too many passwords are being hashed.
    package func signIn(
        secret: Secret,
        password: Secret?,
        sender: String?,
        address: String
    ) async throws -> SignInResult {
        if let sender { try UploadLinkRules.check("sender", name: sender) }
        let now = now()
        guard let summary = try await metadata.uploadLink(withSecretHash: secret.sha256) else {
            throw PontoonError.uploadLinkNotFound
        }
        let link = summary.link
        try Self.check(link, isUsable: summary.isUsable, now: now)
        if let retry = try await checkPassword(password, of: link, from: address, now: now) {
            return .retry(after: .seconds(max(1, retry.timeIntervalSince(now).rounded(.up))))
        }
        let session = SenderSession(
            id: Identifiers.hex(bytes: 12),
            link: link,
            sender: sender,
            createdOn: now,
            usedOn: now
        )
        let token = Secret(Self.tokenPrefix + Identifiers.token().value)
        let result = try await metadata.addSenderSession(
            session,
            tokenHash: token.sha256,
            maximum: UploadLinkRules.maximumSenders
        )
        switch result {
        case .added: return .signedIn(SignedIn(session: session, token: token, usage: summary.usage))
        case .noLink: throw PontoonError.uploadLinkNotFound
        case .tooMany: return .retry(after: .seconds(60))
        case .full:
            throw PontoonError(.limitReached, "Too many senders are using this upload link; try again later.")
        }
    }

    /// Counts an attempt to enter the password of a link that has one, and checks the password.
    ///
    /// - Returns: The earliest time of the next attempt, if too many were made; `nil` if the password is correct or the
    ///   link has none.
    /// - Throws: `.uploadLinkForbidden` if the password is missing or wrong; `.badRequest` if it is too long; the
    ///   errors of ``PasswordHashing/matches(_:_:)`` and of the store.
    private func checkPassword(
        _ password: Secret?,
        of link: UploadLink,
        from address: String,
        now: Date
    ) async throws -> Date? {
        guard let hash = link.details.passwordHash else { return nil }
        guard let password else {
            throw PontoonError(
                .uploadLinkForbidden,
                "This upload link requires a password; send it in the field 'password'."
            )
        }
        guard password.value.utf8.count <= UploadLinkRules.passwordBytes.upperBound else {
            throw PontoonError(
                .badRequest,
                "The field 'password' must have at most \(UploadLinkRules.passwordBytes.upperBound) bytes in UTF-8."
            )
        }
        // The attempt is counted before the password is compared, so that concurrent attempts do not exceed the limit.
        if let retry = try await metadata.countPasswordAttempt(for: link.id, from: address, now: now) { return retry }
        guard try await passwords.matches(password, hash) else {
            throw PontoonError(.uploadLinkForbidden, "The password of the upload link is wrong.")
        }
        try await metadata.forgetPasswordAttempts(for: link.id, from: address)
        return nil
    }

    private static func check(_ link: UploadLink, isUsable: Bool, now: Date) throws(PontoonError) {
        guard isUsable else {
            throw PontoonError(.uploadLinkExpired, "This upload link no longer works; ask for a new one.")
        }
        guard link.details.expiresOn > now else {
            throw PontoonError(.uploadLinkExpired, "This upload link has expired; ask for a new one.")
        }
    }

    /// Returns whether a token is a sender's token rather than a user's, by its prefix.
    ///
    /// Does not check that the token is valid.
    package static func isSenderToken(_ token: Secret) -> Bool { token.value.hasPrefix(tokenPrefix) }

    private static let tokenPrefix = "link-"

    /// Returns the session of a sender's token.
    ///
    /// Reads the latest rows, so that a revoked link stops working at once on every server. Records the time of the
    /// call if the last recorded time is more than an hour ago.
    ///
    /// - Throws: `.notAuthenticated` if the token is unknown, the sender was idle for a week, or the link has expired,
    ///   was revoked or is not usable.
    package func session(token: Secret) async throws -> SenderSession {
        let now = now()
        guard let (session, isUsable) = try await metadata.senderSession(withTokenHash: token.sha256), isUsable,
            session.link.details.expiresOn > now,
            session.usedOn.addingTimeInterval(UploadLinkRules.idleTime) > now
        else {
            throw PontoonError(
                .notAuthenticated,
                """
                You are signed out: you made no call for a week, or the upload link no longer works. Open the link again; \
                if it does not work, request another one.
                """
            )
        }
        if now.timeIntervalSince(session.usedOn) > Self.useInterval {
            // The call succeeds even if the time cannot be recorded, for example because the disk is full.
            try? await metadata.noteUse(ofSenderSession: session.id, now: now)
        }
        return session
    }

    /// Returns the current usage of the session's link by all of its senders.
    ///
    /// - Throws: `.notAuthenticated` if the link was revoked in the meantime.
    package func usage(of session: SenderSession) async throws -> UploadLinkUsage {
        guard let summary = try await metadata.uploadLink(session.link.id) else {
            throw PontoonError.uploadLinkRevoked
        }
        return summary.usage
    }
}
