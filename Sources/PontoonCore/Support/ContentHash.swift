import Crypto
import PontoonFoundation

/// SHA-256 hashes of text.
package enum ContentHash {
    /// Returns the hash of the text's UTF-8 encoding as 64 lower-case hex digits.
    package static func hex(_ text: String) -> String { Hex.encode(SHA256.hash(data: Data(text.utf8))) }
}
