package import PontoonFoundation

/// A secret that signs data-plane URLs.
package struct SigningKey: Hashable, Sendable {
    /// Id of the key in signed URLs: 8 hex digits, not secret.
    package let id: String
    /// 256 random bits as 64 hex digits.
    package let secret: Secret
    /// Time of creation; new URLs are signed with the newest key that the server has read.
    package let createdOn: Date

    package init(id: String, secret: Secret, createdOn: Date) {
        self.id = id
        self.secret = secret
        self.createdOn = createdOn
    }

    package static func random(now: Date) -> SigningKey {
        SigningKey(id: Identifiers.hex(bytes: 4), secret: Secret(Identifiers.hex(bytes: 32)), createdOn: now)
    }
}
