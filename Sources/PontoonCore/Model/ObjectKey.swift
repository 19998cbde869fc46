/// Name of stored bytes in the object store: 32 lower-case hex digits, never shown to a caller.
package struct ObjectKey: Hashable, Sendable {
    /// The digits.
    package let rawValue: String

    /// Takes a key that a store wrote earlier.
    ///
    /// - Returns: `nil` unless it is 32 lower-case hex digits, so that a key can be used as a file name as it is.
    package init?(_ rawValue: String) {
        guard rawValue.utf8.count == 32, rawValue.utf8.allSatisfy(isLowerHexDigit) else { return nil }
        self.rawValue = rawValue
    }

    /// Makes a new key that nobody can guess.
    package static func random() -> ObjectKey { ObjectKey(trusted: Identifiers.hex(bytes: 16)) }

    private init(trusted: String) { rawValue = trusted }
}

/// An object or an unfinished upload, as its store finds it.
package struct ObjectReference: Hashable, Sendable {
    /// Its name.
    package let key: ObjectKey
    /// What ``ObjectStore/prepare(_:size:)`` answered; `nil` for a finished object, or when the store needs none.
    package let handle: UploadHandle?

    /// Joins the fields.
    package init(key: ObjectKey, handle: UploadHandle? = nil) {
        self.key = key
        self.handle = handle
    }
}

/// How an object store finds an unfinished upload again; only that store knows what it means.
package struct UploadHandle: Hashable, Sendable {
    /// The note.
    package let rawValue: String

    /// Takes a note.
    package init(rawValue: String) { self.rawValue = rawValue }
}

private func isLowerHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
    default: false
    }
}
