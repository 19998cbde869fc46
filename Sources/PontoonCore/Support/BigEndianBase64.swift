import PontoonFoundation

extension FixedWidthInteger where Self: UnsignedInteger {
    /// The Base64 encoding of the number's bytes in big-endian order.
    var bigEndianBase64: String {
        withUnsafeBytes(of: bigEndian) { Data($0) }.base64EncodedString()
    }

    /// Parses text as returned by ``bigEndianBase64``; returns `nil` for any other text, including other Base64
    /// encodings of the same bytes.
    init?(bigEndianBase64 text: String) {
        guard let data = Data(base64Encoded: text), data.count == Self.bitWidth / 8 else { return nil }
        self = data.reduce(0) { $0 << 8 | Self($1) }
        // The unused low bits of the last digit must be 0 (RFC 4648, section 3.5).
        guard bigEndianBase64 == text else { return nil }
    }
}
