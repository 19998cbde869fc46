package import Foundation

/// Makes the ids of the API, from the system's secure random numbers.
package enum Identifiers {
    /// Upload id: 64 letters and digits.
    package static func upload() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<64).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] })
    }

    /// File or folder id: 24 lower-case hex digits, the first eight being the time in Unix seconds.
    package static func file(now: Date) -> String {
        let seconds = UInt32(truncatingIfNeeded: Int64(now.timeIntervalSince1970))
        let time = String(seconds, radix: 16)
        return String(repeating: "0", count: 8 - time.count) + time + hex(bytes: 8)
    }

    /// API token: 32 lower-case hex digits, 128 random bits.
    package static func token() -> Secret { Secret(hex(bytes: 16)) }

    /// Random lower-case hex digits, two a byte.
    package static func hex(bytes: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return hexDigits((0..<bytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Random UUID in lower case.
    package static func uuid() -> String {
        // `UUID()` opens a file for each one.
        var generator = SystemRandomNumberGenerator()
        let (high, low) = (generator.next(), generator.next())
        let bits = (high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000, low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
        return withUnsafeBytes(of: (bits.0.bigEndian, bits.1.bigEndian)) { bytes in
            UUID(uuid: bytes.load(as: uuid_t.self)).uuidString.lowercased()
        }
    }
}

/// Writes bytes as lower-case hex digits.
package func hexDigits(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
