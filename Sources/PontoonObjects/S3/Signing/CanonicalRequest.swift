import Crypto
import Foundation
import PontoonCore

/// A header or query parameter.
struct NamedValue: Hashable, Sendable {
    let name: String
    let value: String

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The canonical request, the first stage of Signature Version 4.
///
/// The client and the store each derive this text from the HTTP request and compute the signature from it.
struct CanonicalRequest: Hashable, Sendable {
    /// The value of ``payloadHash`` for a body that is not signed.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// HTTP method, such as `PUT`.
    let method: String
    /// The path, starting with a slash; not percent-encoded.
    let path: String
    /// The query parameters, in any order; not percent-encoded.
    let query: [NamedValue]
    /// The signed headers, including `Host`.
    let headers: [NamedValue]
    /// SHA-256 of the body in hex, or ``unsignedPayload``.
    let payloadHash: String

    /// Names of the signed headers, in lower case, separated by semicolons.
    var signedHeaders: String { canonicalHeaders.map(\.name).joined(separator: ";") }

    /// The percent-encoded, sorted query, as it is signed and sent.
    var canonicalQuery: String {
        query.map { (PercentEncoding.component($0.name), PercentEncoding.component($0.value)) }
            .sorted { $0 < $1 }
            .map { "\($0)=\($1)" }
            .joined(separator: "&")
    }

    /// The text of the canonical request.
    var text: String {
        let headers = canonicalHeaders.map { "\($0.name):\($0.value)\n" }.joined()
        return [method, PercentEncoding.path(path), canonicalQuery, headers, signedHeaders, payloadHash]
            .joined(separator: "\n")
    }

    /// SHA-256 of ``text``, in lower-case hex.
    var hash: String { hexDigest(Data(text.utf8)) }

    /// The headers sorted by lower-case name, with whitespace trimmed and collapsed, and the values of repeated headers
    /// joined in order.
    private var canonicalHeaders: [NamedValue] {
        var values: [String: [String]] = [:]
        for header in headers {
            let value = header.value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            values[header.name.lowercased(), default: []].append(value)
        }
        return values.sorted { $0.key < $1.key }.map { NamedValue($0.key, $0.value.joined(separator: ",")) }
    }
}

/// Computes the SHA-256 hash of bytes, in lower-case hex.
func hexDigest(_ bytes: some DataProtocol) -> String { Hex.encode(SHA256.hash(data: bytes)) }
