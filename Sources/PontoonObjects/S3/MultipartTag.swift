import Crypto
import Foundation
import PontoonCore

/// The ETag of an S3 object created from parts: the MD5 of the parts' MD5 hashes, and the number of parts.
///
/// If the response to a completion was lost, the ETag shows whether the object consists of the reported parts.
enum MultipartTag {
    /// The ETag of an empty part, which is the MD5 of no bytes; completions omit empty parts.
    private static let emptyPart = "d41d8cd98f00b204e9800998ecf8427e"

    /// Returns whether an object may consist of parts with the given ETags.
    ///
    /// - Parameters:
    ///   - tag: The object's ETag, without quotes.
    ///   - parts: The ETags of the parts in order, without quotes.
    /// - Returns: `false` if the object consists of other parts; `true` if it consists of the given parts, or if this
    ///   cannot be determined because an ETag does not have the expected format.
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
