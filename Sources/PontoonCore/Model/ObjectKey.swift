import Synchronization

/// Name of an object in the object store: 32 lower-case hex digits.
///
/// The API does not show it, except as part of the presigned URLs of a bucket.
package struct ObjectKey: Hashable, Sendable {
    package let rawValue: String

    /// Parses a key from a record, a file name or a name in a bucket.
    ///
    /// - Returns: `nil` unless the text is 32 lower-case hex digits, so that every key is a valid file name.
    package init?(_ rawValue: String) {
        guard rawValue.utf8.count == 32, rawValue.utf8.allSatisfy(isLowerHexDigit) else { return nil }
        self.rawValue = rawValue
    }

    /// Creates a random key of 128 bits, which cannot be guessed.
    package static func random() -> ObjectKey { ObjectKey(trusted: Identifiers.hex(bytes: 16)) }

    /// Creates a random key for an empty object in a presigned store.
    ///
    /// The key starts with ``emptyObjectPrefix``, so that a bucket can list these objects by prefix. The other 24
    /// digits are random.
    package static func randomForEmptyObject() -> ObjectKey {
        ObjectKey(trusted: emptyObjectPrefix + Identifiers.hex(bytes: 12))
    }

    /// Creates a key for an object that is stored in one call: 120 random bits and the number of a group.
    ///
    /// 64 consecutive keys have the same group, the last two digits. On disk, objects that are stored at about the same
    /// time are therefore usually in the same directory and share its syncs.
    package static func randomForFilePut() -> ObjectKey {
        let group = UInt8(truncatingIfNeeded: filePuts.wrappingAdd(1, ordering: .relaxed).oldValue / 64)
        return ObjectKey(trusted: Identifiers.hex(bytes: 15) + Hex.encode([group]))
    }

    private static let filePuts = Atomic<UInt>(UInt(UInt8.random(in: 0...255)) * 64)

    /// Prefix of the keys from ``randomForEmptyObject()``: eight zeros.
    package static let emptyObjectPrefix = "00000000"

    private init(trusted: String) { rawValue = trusted }
}

/// A reference to an object or an unfinished upload in an object store.
package struct ObjectReference: Hashable, Sendable {
    package let key: ObjectKey
    /// Result of ``ObjectStore/prepare(_:size:)``; `nil` for a finished object, or if the key is sufficient.
    package let handle: UploadHandle?

    package init(key: ObjectKey, handle: UploadHandle? = nil) {
        self.key = key
        self.handle = handle
    }
}

/// Data that an object store needs in addition to the key to find an unfinished upload, such as S3's upload id.
///
/// Only the store interprets it.
package struct UploadHandle: Hashable, Sendable {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }
}

private func isLowerHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
    default: false
    }
}
