package import Foundation

/// A secret that signs data-plane URLs.
package struct SigningKey: Hashable, Sendable {
    /// Public name, carried in each URL: 8 hex digits.
    package let id: String
    /// The secret, 64 hex digits of 256 random bits.
    package let secret: Secret
    /// When it was made; the newest key signs.
    package let createdOn: Date

    /// Joins the fields.
    package init(id: String, secret: Secret, createdOn: Date) {
        self.id = id
        self.secret = secret
        self.createdOn = createdOn
    }

    /// Makes a new key.
    package static func random(now: Date) -> SigningKey {
        SigningKey(id: Identifiers.hex(bytes: 4), secret: Secret(Identifiers.hex(bytes: 32)), createdOn: now)
    }
}
