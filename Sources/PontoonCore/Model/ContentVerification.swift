package import Foundation

/// The results of reading the stored bytes of a file again.
package struct ContentVerification: Hashable, Sendable {
    /// The last time at which all bytes were read and matched the checksum; `nil` if they were never read again.
    package var verifiedOn: Date?
    /// The damage that the last check found; `nil` if it found none, or there was no check.
    package var damage: ContentDamage?
    /// The time of a request to check the bytes that is still waiting; `nil` if there is none.
    package var requestedOn: Date?

    package init(verifiedOn: Date? = nil, damage: ContentDamage? = nil, requestedOn: Date? = nil) {
        self.verifiedOn = verifiedOn
        self.damage = damage
        self.requestedOn = requestedOn
    }
}

/// A kind of damage to the stored bytes of a file; the raw values are stored in the database.
package enum ContentDamage: String, CaseIterable, Sendable {
    /// The object does not exist.
    case missing
    /// The number of bytes is not the recorded one.
    case length
    /// The checksum of the bytes is not the recorded one.
    case checksum
    /// The disk or the object store cannot read all bytes.
    case unreadable

    /// Whether opening the object does not show the damage, so that wrong bytes could be sent.
    package var isHidden: Bool {
        switch self {
        case .missing, .length: false
        case .checksum, .unreadable: true
        }
    }
}
