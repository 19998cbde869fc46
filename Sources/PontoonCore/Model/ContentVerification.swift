package import PontoonFoundation

/// The results of checks of a file's stored bytes, and the time of a pending request for a check.
package struct ContentVerification: Hashable, Sendable {
    /// Time of the last check in which all bytes matched the recorded checksum; `nil` if there was none.
    package var verifiedOn: Date?
    /// The damage found by the last check that could be completed; `nil` if it found none, or there was no such check.
    package var damage: ContentDamage?
    /// Time of the pending request for a check; `nil` if there is none.
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
    /// The number of bytes differs from the recorded length.
    case length
    /// The checksum of the bytes differs from the recorded checksum.
    case checksum
    /// The disk or the file system cannot read all bytes.
    case unreadable

    /// Whether the damage is not detected when the object is opened, so that a download may send wrong bytes or fail
    /// midway.
    package var isHidden: Bool {
        switch self {
        case .missing, .length: false
        case .checksum, .unreadable: true
        }
    }
}
