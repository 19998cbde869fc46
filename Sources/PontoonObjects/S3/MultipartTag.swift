import Crypto
import Foundation
import PontoonCore

/// The ETag of an S3 object made of parts: the MD5 of the parts' MD5s, and the number of parts.
///
/// If the response to a completion was lost, it shows whether the object consists of the parts that are reported now.
enum MultipartTag {
    /// The tag of an empty part, which completions leave out: the MD5 of no bytes.
    private static let emptyPart = "d41d8cd98f00b204e9800998ecf8427e"

    /// Whether an object may consist of parts with these tags.
    ///
    /// - Parameters:
    ///   - tag: The object's tag, without quotes. One that is not a hash and a number proves nothing.
    ///   - parts: Tags of the parts in order, without quotes.
    /// - Returns: `false` if the tag shows that the object consists of other parts.
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
        return Hex.encode(md5.finalize()) == pieces[0].lowercased()
    }

    /// Decodes 32 hex digits.
    private static func bytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count == 32 else { return nil }
        return Hex.decode(text)
    }
}
