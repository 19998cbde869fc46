package import PontoonFoundation

/// Ids and tokens from the system's secure random number generator.
package enum Identifiers {
    /// Creates a random upload id: 64 letters and digits.
    package static func upload() -> String {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        while text.count < 64 {
            // 248 is the largest multiple of 62 that fits in a byte. Bytes from 248 on are dropped, because they would
            // make some characters more frequent than others.
            for byte in randomBytes(80) where byte < 248 && text.count < 64 {
                text.append(lettersAndDigits[Int(byte) % lettersAndDigits.count])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let lettersAndDigits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8
    )

    /// Returns random bytes.
    ///
    /// Takes eight bytes at a time from the generator, because one byte costs as much as eight.
    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            let number = generator.next()
            withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Creates a file or folder id: the Unix time in seconds as 8 lower-case hex digits, followed by 16 random ones.
    package static func file(now: Date) -> String {
        let seconds = UInt32(truncatingIfNeeded: Int64(now.timeIntervalSince1970))
        let time = String(seconds, radix: 16)
        return String(repeating: "0", count: 8 - time.count) + time + hex(bytes: 8)
    }

    /// Creates an API token: 128 random bits as 32 lower-case hex digits.
    package static func token() -> Secret { Secret(hex(bytes: 16)) }

    /// Returns random lower-case hex digits, two per byte.
    package static func hex(bytes: Int) -> String { Hex.encode(randomBytes(bytes)) }

    /// Creates a random UUID (version 4) in lower case.
    package static func uuid() -> String {
        // Foundation's `UUID()` is not used, because it opens /dev/urandom on every call.
        var bytes = randomBytes(16)
        (bytes[6], bytes[8]) = (bytes[6] & 0x0F | 0x40, bytes[8] & 0x3F | 0x80)
        var text = Hex.encode(bytes)
        for position in [20, 16, 12, 8] { text.insert("-", at: text.utf8.index(text.startIndex, offsetBy: position)) }
        return text
    }
}
