import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Bounds of the values in a server's responses.
///
/// The client computes with these values, keeps them and shows them, so each has a range; see docs/client.md.
enum ServerValues {
    /// Maximum length of a response to an API call in bytes.
    static let maximumBody = 16 << 20
    /// Maximum number of commas, colons and opening brackets in a JSON response.
    ///
    /// Decoding needs up to 60 times the memory of the text, depending on the number of values.
    static let maximumTokens = 1_000_000
    /// Maximum length of a file in bytes; larger integers are not exact in JSON.
    static let maximumLength: Int64 = 1 << 53
    /// Seconds since 1970 of the years 1 to 9999, whose dates have an ISO 8601 representation.
    static let dates = -62_135_596_800.0...253_402_300_799.0
    /// Maximum length of a server's message in characters; the rest is omitted.
    static let maximumMessage = 1000
    /// Maximum length of an ETag in bytes.
    static let maximumETag = 1024

    /// Decodes a JSON response.
    ///
    /// - Throws: `DecodingError`, also for a response with too many values.
    static func decode<Value: Decodable>(_ type: Value.Type, from body: ByteBuffer) throws -> Value {
        guard tokens(in: body) <= maximumTokens else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "too many values"))
        }
        return try JSONDecoder().decode(Value.self, from: Data(buffer: body))
    }

    /// Counts commas, colons and opening brackets; those inside strings count too, which are few in any response.
    private static func tokens(in body: ByteBuffer) -> Int {
        body.withUnsafeReadableBytes { bytes in
            bytes.reduce(into: 0) { count, byte in
                switch byte {
                case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "{"): count += 1
                default: break
                }
            }
        }
    }

    /// Returns a date; `nil` if it is not in the range ``dates``.
    static func date(secondsSince1970 seconds: Double) -> Date? {
        dates.contains(seconds) ? Date(timeIntervalSince1970: seconds) : nil
    }
}

extension KeyedDecodingContainer {
    /// Decodes a length in bytes.
    ///
    /// - Returns: `nil` if it is missing, or not an integer from 0 to ``ServerValues/maximumLength``: one impossible
    ///   length must not hide the other files of a list.
    func decodeLength(forKey key: Key) throws -> Int64? {
        guard let number = try decodeIfPresent(Double.self, forKey: key), number >= 0,
            number <= Double(ServerValues.maximumLength)
        else { return nil }
        return Int64(exactly: number)
    }

    /// Decodes an id.
    ///
    /// - Throws: `DecodingError` if it could change the path of a later call, which contains it.
    func decodeID(forKey key: Key) throws -> String {
        let id = try decode(String.self, forKey: key)
        guard !id.isEmpty, id != ".", id != "..", id.utf8.count <= 1024 else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "not an id")
        }
        return id
    }
}

extension HTTPHeaders {
    /// The ETag as it was sent, with quotes; `nil` if there is none, or one that is too long to be kept for every part.
    var etag: String? { first(name: "ETag").flatMap { $0.utf8.count <= ServerValues.maximumETag ? $0 : nil } }
}

extension String {
    /// Returns the text; if it has more than `limit` characters, its first `limit` characters and `…`.
    func truncated(to limit: Int = ServerValues.maximumMessage) -> String {
        let kept = prefix(limit)
        return kept.endIndex == endIndex ? self : "\(kept)…"
    }
}
