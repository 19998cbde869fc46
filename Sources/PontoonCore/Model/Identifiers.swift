package import Foundation

/// Makes the ids of the API, from the system's secure random numbers.
package enum Identifiers {
    /// Upload id: 64 letters and digits.
    package static func upload() -> String {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        while text.count < 64 {
            // From 248 on, four times the alphabet, some letters would come more often than others.
            for byte in randomBytes(80) where byte < 248 && text.count < 64 {
                text.append(lettersAndDigits[Int(byte) % lettersAndDigits.count])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let lettersAndDigits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8
    )

    /// Eight at a time: each question to the system costs the same, however much is asked for.
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

    /// File or folder id: 24 lower-case hex digits, the first eight being the time in Unix seconds.
    package static func file(now: Date) -> String {
        let seconds = UInt32(truncatingIfNeeded: Int64(now.timeIntervalSince1970))
        let time = String(seconds, radix: 16)
        return String(repeating: "0", count: 8 - time.count) + time + hex(bytes: 8)
    }

    /// API token: 32 lower-case hex digits, 128 random bits.
    package static func token() -> Secret { Secret(hex(bytes: 16)) }

    /// Random lower-case hex digits, two a byte.
    package static func hex(bytes: Int) -> String { hexDigits(randomBytes(bytes)) }

    /// Random UUID in lower case.
    package static func uuid() -> String {
        // `UUID()` opens a file for each one.
        var bytes = randomBytes(16)
        (bytes[6], bytes[8]) = (bytes[6] & 0x0F | 0x40, bytes[8] & 0x3F | 0x80)
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { hexDigits(bytes[$0]) }.joined(separator: "-")
    }
}

/// Writes bytes as lower-case hex digits.
package func hexDigits(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    // Two for each byte of a SHA-256, the longest there is.
    text.reserveCapacity(64)
    for byte in bytes {
        text.append(hexDigit(byte >> 4))
        text.append(hexDigit(byte & 15))
    }
    return String(decoding: text, as: UTF8.self)
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
