import PontoonFoundation

/// The format in which a file's metadata contains its modification time: RFC 3339 in UTC, with nanoseconds.
enum FileTime {
    /// The metadata key.
    static let key = "pontoon_mtime"

    /// Returns the text for a time in nanoseconds since 1970, such as `2026-11-28T04:16:00.123456789Z`.
    static func text(_ nanoseconds: Int64) -> String {
        var (seconds, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if fraction < 0 { (seconds, fraction) = (seconds - 1, fraction + 1_000_000_000) }
        let date = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        let digits = String(fraction)
        return "\(date.dropLast()).\(String(repeating: "0", count: 9 - digits.count))\(digits)Z"
    }

    /// Parses a time with up to nine digits after the decimal point.
    ///
    /// - Returns: The time in nanoseconds since 1970; `nil` for an invalid text, and for a time that is not between
    ///   about 1678 and 2261.
    static func nanoseconds(_ text: String) -> Int64? {
        guard (20...40).contains(text.utf8.count) else { return nil }
        var rest = text.dropFirst(19)
        var fraction: Int64 = 0
        if rest.first == "." {
            let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard (1...9).contains(digits.count), let value = Int64(digits) else { return nil }
            fraction = (digits.count..<9).reduce(value) { value, _ in value * 10 }
            rest = rest.dropFirst(digits.count + 1)
        }
        guard let date = try? Date("\(text.prefix(19))\(rest)", strategy: .iso8601),
            let seconds = Int64(exactly: date.timeIntervalSince1970.rounded()), abs(seconds) < 9_200_000_000
        else { return nil }
        return seconds * 1_000_000_000 + fraction
    }
}
