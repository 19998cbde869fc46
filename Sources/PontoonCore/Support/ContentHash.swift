import Crypto
import Foundation

/// The SHA-256 of texts, in hex.
package enum ContentHash {
    package static func hex(_ text: String) -> String { Hex.encode(SHA256.hash(data: Data(text.utf8))) }
}
