import PontoonFoundation
import NIOCore
import NIOFoundationEssentialsCompat
import NIOHTTP1
import PontoonCore

/// Limits on the values in a server's responses.
///
/// The client calculates with these values, stores them and displays them, so it limits their size and range. See
/// docs/client.md.
enum ServerValues {
    /// Maximum length of the body of a response to an API call, in bytes.
    static let maximumBody = 16 << 20
    /// Maximum number of commas, colons, opening brackets and opening braces in a JSON response.
    ///
    /// Decoding needs up to 60 times the memory of the text, depending on the number of values.
    static let maximumTokens = 1_000_000
    /// Maximum length of a file in bytes, 2^53; a JSON number that is decoded as a `Double` may be inexact above it.
    static let maximumLength: Int64 = 1 << 53
    /// Range of dates, in seconds since 1970: the years 1 to 9999, which ISO 8601 can represent.
    static let dates = -62_135_596_800.0...253_402_300_799.0
    /// Maximum length of a message from the server, in characters; a longer message is truncated.
    static let maximumMessage = 1000
    /// Maximum length of an ETag in bytes.
    static let maximumETag = 1024

    /// Decodes a JSON response.
    ///
    /// - Throws: `DecodingError` if the response is not JSON that matches the type, has more than ``maximumTokens``
    ///   tokens, or contains more than ``CombiningMarks/limit`` combining marks in a row. Comparing such a text would
    ///   take too long.
    static func decode<Value: Decodable>(_ type: Value.Type, from body: ByteBuffer) throws -> Value {
        guard tokens(in: body) <= maximumTokens else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "too many values"))
        }
        guard CombiningMarks.areFew(inJSON: body.readableBytesView) else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "too many combining marks"))
        }
        return try JSONDecoder().decode(Value.self, from: Data(buffer: body))
    }

    /// Returns the text of a response that is not JSON.
    ///
    /// - Returns: The text; empty if it contains more than ``CombiningMarks/limit`` combining marks in a row, because
    ///   searching it would take too long.
    static func text(of body: ByteBuffer) -> String {
        let text = String(buffer: body)
        return CombiningMarks.areFew(in: text) ? text : ""
    }

    /// Counts commas, colons, opening brackets and opening braces, including those inside strings.
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

    /// Returns a date, or `nil` if it is outside the range ``dates``.
    static func date(secondsSince1970 seconds: Double) -> Date? {
        dates.contains(seconds) ? Date(timeIntervalSince1970: seconds) : nil
    }
}

extension KeyedDecodingContainer {
    /// Decodes a length in bytes.
    ///
    /// An invalid length is not an error, so that one bad value does not make a whole list unreadable.
    ///
    /// - Returns: The length; `nil` if it is missing, or not an integer from 0 to ``ServerValues/maximumLength``.
    /// - Throws: `DecodingError` if the value is not a number.
    func decodeLength(forKey key: Key) throws -> Int64? {
        guard let number = try decodeIfPresent(Double.self, forKey: key), number >= 0,
            number <= Double(ServerValues.maximumLength)
        else { return nil }
        return Int64(exactly: number)
    }

    /// Decodes an id, which must be a valid path segment because later calls contain it in their paths.
    ///
    /// - Throws: `DecodingError` if the id is missing, empty, `.`, `..` or longer than 1024 bytes.
    func decodeID(forKey key: Key) throws -> String {
        let id = try decode(String.self, forKey: key)
        guard !id.isEmpty, id != ".", id != "..", id.utf8.count <= 1024 else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "not an id")
        }
        return id
    }
}

extension HTTPHeaders {
    /// The value of the `ETag` header, with its quotes; `nil` if the header is missing or its value is longer than
    /// ``ServerValues/maximumETag`` bytes.
    var etag: String? { first(name: "ETag").flatMap { $0.utf8.count <= ServerValues.maximumETag ? $0 : nil } }
}

extension String {
    /// Returns the text or, if it has more than `limit` characters, the first `limit` characters followed by `…`.
    func truncated(to limit: Int = ServerValues.maximumMessage) -> String {
        let kept = prefix(limit)
        return kept.endIndex == endIndex ? self : "\(kept)…"
    }
}
