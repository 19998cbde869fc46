import Crypto
import Foundation

/// A name with a value, of a header or of a query.
struct NamedValue: Hashable, Sendable {
    let name: String
    let value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request in the one form that both sides sign: the first stage of Signature Version 4.
struct CanonicalRequest: Hashable, Sendable {
    /// What stands for the hash of a body that is not signed.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// Such as `PUT`.
    let method: String
    /// Begins with a slash; not encoded.
    let path: String
    /// In any order, not encoded.
    let query: [NamedValue]
    /// All that are signed; `Host` is among them.
    let headers: [NamedValue]
    /// SHA-256 of the body in hex, or ``unsignedPayload``.
    let payloadHash: String

    /// Names of the signed headers.
    var signedHeaders: String { canonicalHeaders.map(\.name).joined(separator: ";") }

    /// The query as it is signed and sent.
    var canonicalQuery: String {
        query.map { (PercentEncoding.component($0.name), PercentEncoding.component($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0)=\($1)" }
            .joined(separator: "&")
    }

    /// The text that is hashed.
    var text: String {
        let headers = canonicalHeaders.map { "\($0.name):\($0.value)\n" }.joined()
        return [method, PercentEncoding.path(path), canonicalQuery, headers, signedHeaders, payloadHash]
            .joined(separator: "\n")
    }

    /// SHA-256 of the text, in hex.
    var hash: String { hexDigest(Data(text.utf8)) }

    /// By name, in lower case; blanks at the ends go and those inside become one; values of one name are joined in order.
    private var canonicalHeaders: [NamedValue] {
        var values: [String: [String]] = [:]
        for header in headers {
            let value = header.value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            values[header.name.lowercased(), default: []].append(value)
        }
        return values.sorted { $0.key < $1.key }.map { NamedValue($0.key, $0.value.joined(separator: ",")) }
    }
}

/// SHA-256 in lower-case hex.
func hexDigest(_ bytes: some DataProtocol) -> String { hex(SHA256.hash(data: bytes)) }

/// Lower-case hex digits of some bytes.
func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
