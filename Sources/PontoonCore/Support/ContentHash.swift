import Crypto
import Foundation

/// The SHA-256 of a text's UTF-8, in 64 lower-case hex digits.
package enum ContentHash {
    package static func hex(_ text: String) -> String { Hex.encode(SHA256.hash(data: Data(text.utf8))) }
}
