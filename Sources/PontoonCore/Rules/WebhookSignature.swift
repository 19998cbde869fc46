import Crypto
package import PontoonFoundation

/// The secrets with which deliveries to a webhook are signed.
package struct WebhookSecrets: Hashable, Sendable {
    /// Time in seconds after a rotation for which deliveries are also signed with the previous secret.
    package static let overlap: TimeInterval = 24 * 3600

    package private(set) var current: Secret
    package private(set) var previous: Secret?
    /// Time from which the previous secret is no longer used; `nil` if there is none.
    package private(set) var previousUntil: Date?

    package init(current: Secret, previous: Secret? = nil, previousUntil: Date? = nil) {
        self.current = current
        self.previous = previous
        self.previousUntil = previousUntil
    }

    /// Replaces the current secret, which remains valid for ``overlap``, and discards the previous secret.
    package mutating func rotate(to secret: Secret, now: Date) {
        previous = current
        previousUntil = now.addingTimeInterval(Self.overlap)
        current = secret
    }

    /// Returns the current secret and, for ``overlap`` after a rotation, the previous one.
    package func valid(now: Date) -> [Secret] {
        guard let previous, let previousUntil, now < previousUntil else { return [current] }
        return [current, previous]
    }

    private static let prefix = "whsec_"

    /// Creates a secret: `whsec_`, followed by 32 random bytes in Base64.
    package static func random() -> Secret {
        let key = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        return Secret(prefix + key.base64EncodedString())
    }

    /// Checks a secret that a user has chosen.
    ///
    /// - Throws: `.badRequest` unless it is `whsec_` followed by 24 to 64 bytes in Base64.
    package static func check(_ secret: Secret) throws(PontoonError) {
        guard let key = key(secret), (24...64).contains(key.count) else {
            throw PontoonError(
                .badRequest,
                "The field 'secret' must be 'whsec_' followed by 24 to 64 random bytes in Base64."
            )
        }
    }

    fileprivate static func key(_ secret: Secret) -> Data? {
        guard secret.value.hasPrefix(prefix), secret.value.utf8.count <= 256 else { return nil }
        return Data(base64Encoded: String(secret.value.dropFirst(prefix.utf8.count)))
    }
}

/// The headers that identify and sign a delivered event.
///
/// Source: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
package enum WebhookSignature {
    /// Returns the headers of a request.
    ///
    /// - Parameters:
    ///   - id: Id of the event.
    ///   - time: Time of the attempt.
    ///   - body: Body of the request.
    ///   - secrets: The secrets with which to sign. A receiver accepts the request if one of the signatures is correct.
    /// - Returns: The names and values of the headers.
    package static func headers(
        id: String,
        time: Date,
        body: [UInt8],
        secrets: [Secret]
    ) -> [(name: String, value: String)] {
        let timestamp = String(Int64(clampingSeconds: time))
        let signatures = secrets.compactMap { sign(id: id, timestamp: timestamp, body: body, secret: $0) }
        return [
            ("webhook-id", id), ("webhook-timestamp", timestamp),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }

    private static func sign(id: String, timestamp: String, body: [UInt8], secret: Secret) -> String? {
        guard let key = WebhookSecrets.key(secret) else { return nil }
        var hash = HMAC<SHA256>(key: SymmetricKey(data: key))
        hash.update(data: Data("\(id).\(timestamp).".utf8))
        hash.update(data: body)
        return "v1," + Data(hash.finalize()).base64EncodedString()
    }
}

extension Int64 {
    /// Creates the Unix time of a date in whole seconds, rounded down and clamped to 64 bits.
    fileprivate init(clampingSeconds date: Date) {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        self = Int64(exactly: seconds) ?? (seconds < 0 ? .min : .max)
    }
}
