import Crypto
import Foundation
import PontoonCore

/// The tag that S3 gives an object made of parts: MD5 over the MD5s of the parts, and how many there were.
///
/// Tells, after the answer of a completion was lost, whether the object was made of the very parts that are reported now.
enum MultipartTag {
    /// MD5 of nothing: the tag of an empty part, which is left out of completions.
    private static let emptyPart = "d41d8cd98f00b204e9800998ecf8427e"

    /// Whether an object may have been made of parts with these tags.
    ///
    /// - Parameters:
    ///   - tag: The object's, without quotes. One that does not look like hash and number proves nothing.
    ///   - parts: Tags of the parts in order, without quotes.
    /// - Returns: `false` when the tag says that it was made of others.
    static func agrees(_ tag: String, with parts: [String]) -> Bool {
        let pieces = tag.split(separator: "-", omittingEmptySubsequences: false)
        guard pieces.count == 2, bytes(String(pieces[0])) != nil, let count = Int(pieces[1]) else { return true }
        let filled = parts.filter { $0.lowercased() != emptyPart }
        guard count == filled.count else { return false }
        var md5 = Insecure.MD5()
        for part in filled {
            guard let bytes = bytes(part) else { return true }
            md5.update(data: bytes)
        }
        return hex(md5.finalize()) == pieces[0].lowercased()
    }

    /// Reads 32 hex digits.
    private static func bytes(_ text: String) -> Data? {
        let digits = text.compactMap(\.hexDigitValue)
        guard text.utf8.count == 32, digits.count == 32 else { return nil }
        return Data((0..<16).map { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) })
    }
}
