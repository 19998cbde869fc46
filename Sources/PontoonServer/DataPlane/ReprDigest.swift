import Foundation
import HTTPTypes
import PontoonCore

/// The checksums of a file that a client requests with `Want-Repr-Digest`.
///
/// Only stored checksums are sent. Of these, IANA's registry of algorithms contains only MD5, which not all files have.
/// CRC-64/NVME is not registered; if it is known, every download has it in `x-amz-checksum-crc64nvme`.
///
/// Source: RFC 9530.
enum ReprDigest {
    /// Returns the value of `Repr-Digest` for a file, or `nil` if the client requests no checksum that the file has.
    static func value(of content: FileContent, for headers: HTTPFields) -> String? {
        guard let wanted = headers[.wantReprDigest], wants("md5", in: wanted),
            let md5 = content.md5.flatMap({ Hex.decode($0) })
        else { return nil }
        return "md5=:\(Data(md5).base64EncodedString()):"
    }

    /// Returns whether a list of algorithms with weights contains an algorithm with a weight from 1 to 10.
    ///
    /// A weight of 0 rejects the algorithm. If the algorithm is listed more than once, its last weight counts.
    static func wants(_ algorithm: String, in preferences: String) -> Bool {
        let weights = preferences.split(separator: ",").compactMap { element -> String? in
            let pair = element.prefix { $0 != ";" }.split(separator: "=", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            return pair.count == 2 && pair[0] == algorithm ? pair[1] : nil
        }
        return weights.last.flatMap { Int($0) }.map { (1...10).contains($0) } ?? false
    }
}
