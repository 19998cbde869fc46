/// Percent-encoding of all bytes except letters, digits and `-._~`, with upper-case hex digits.
///
/// Source: RFC 3986, section 2.3; AWS, "Create a signed AWS API request", `UriEncode`.
package enum PercentEncoding {
    /// Encodes a segment of a path, or a name or value of a query parameter.
    package static func component(_ text: String) -> String { encode(text, keepingSlash: false) }

    /// Encodes a path except for its slashes.
    ///
    /// Paths are not normalized, because S3 keys may contain `..` and `//`.
    package static func path(_ text: String) -> String { encode(text, keepingSlash: true) }

    /// Decodes percent escapes.
    ///
    /// Unlike Foundation's `removingPercentEncoding`, keeps a leading U+FEFF, which may be part of a name.
    ///
    /// - Returns: The decoded text; `nil` if an escape is malformed, or the result is not UTF-8.
    package static func decode(_ text: String) -> String? {
        // Most text contains no escapes.
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let decoded = Hex.decode(Substring(rest.prefix(2))), decoded.count == 1 else { return nil }
                bytes += decoded
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Returns whether every `%` is followed by two hex digits.
    package static func isWellFormed(_ text: String) -> Bool {
        var rest = text.utf8[...]
        while let index = rest.firstIndex(of: UInt8(ascii: "%")) {
            rest = rest[index...].dropFirst()
            guard Hex.decode(Substring(rest.prefix(2)))?.count == 1 else { return false }
        }
        return true
    }

    private static func encode(_ text: String, keepingSlash: Bool) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) || (keepingSlash && byte == UInt8(ascii: "/")) {
                encoded.append(byte)
            } else {
                encoded += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }
}
