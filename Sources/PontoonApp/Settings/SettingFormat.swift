import Foundation
import PontoonCore

/// The format of a setting's value: its parser, and its description in help and errors.
struct SettingFormat<Value: Sendable>: Sendable {
    /// The placeholder of the value in `--help`.
    let placeholder: String
    /// The allowed values in `--help`; `nil` if the setting's summary describes them.
    let allowed: String?
    /// A description of the allowed values that completes the sentence "Use …".
    let expectation: String
    /// Parses a value.
    ///
    /// - Returns: The value; `nil` if the text is not allowed and ``expectation`` explains why.
    /// - Throws: An error whose description explains why the text is not allowed, if ``expectation`` does not.
    let parse: @Sendable (String) throws -> Value?
}

extension SettingFormat where Value == Duration {
    /// Returns the format of durations: whole numbers of seconds, minutes, hours or days, such as `90s`.
    static func duration(from minimum: String, to maximum: String) -> Self {
        SettingFormat(
            placeholder: "duration",
            allowed: "\(minimum) to \(maximum)",
            expectation: "a duration from \(minimum) to \(maximum), such as 90s, 5m, 1h or 7d"
        ) { text in
            guard let seconds = SettingText.seconds(text), let least = SettingText.seconds(minimum),
                let most = SettingText.seconds(maximum), least <= seconds, seconds <= most
            else { return nil }
            return .seconds(seconds)
        }
    }
}

extension SettingFormat where Value == Int64 {
    /// Returns the format of sizes in bytes within a range, such as `5MiB`.
    static func size(_ range: ClosedRange<Int64>) -> Self {
        let allowed = "\(SettingText.size(range.lowerBound)) to \(SettingText.size(range.upperBound))"
        return SettingFormat(
            placeholder: "size",
            allowed: allowed,
            expectation: "a size from \(allowed), such as 5MiB"
        ) { text in
            SettingText.number(text, SettingText.sizes).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension SettingFormat where Value == Int {
    /// Returns the format of whole numbers within a range.
    static func count(_ range: ClosedRange<Int>) -> Self {
        let allowed = "\(range.lowerBound) to \(range.upperBound)"
        return SettingFormat(
            placeholder: "number",
            allowed: allowed,
            expectation: "a whole number from \(allowed)"
        ) { text in
            SettingText.number(text, [("", 1)]).map { Int(clamping: $0) }.flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension SettingFormat where Value: RawRepresentable<String> & CaseIterable {
    /// The format of values from a fixed set of words, in any letter case.
    static var choice: Self {
        let words = Value.allCases.map(\.rawValue)
        return SettingFormat(
            placeholder: words.count < 4 ? words.joined(separator: "|") : "word",
            allowed: words.joined(separator: ", "),
            expectation: "one of \(words.joined(separator: ", "))"
        ) { Value(rawValue: $0.lowercased()) }
    }
}

extension SettingFormat where Value == Bool {
    static var bool: Self {
        SettingFormat(placeholder: "true|false", allowed: "true, false", expectation: "one of true, false") {
            Bool($0.lowercased())
        }
    }
}

extension SettingFormat where Value == RateLimit? {
    /// The format of rate limits: calls per window, such as `1000/5m`, or `off`.
    static var rateLimit: Self {
        SettingFormat(
            placeholder: "calls/duration|off",
            allowed: "1 to 1000000000 calls in 1s to 1d, or off",
            expectation: "off or CALLS/DURATION with 1 to 1000000000 calls in 1s to 1d, such as 1000/5m"
        ) { text in
            if text.lowercased() == "off" { return .some(nil) }
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let calls = SettingText.number(parts[0], [("", 1)]),
                (1...1_000_000_000).contains(calls), let seconds = SettingText.seconds(parts[1]),
                (1...86400).contains(seconds)
            else { return nil }
            return RateLimit(calls: Int(calls), window: .seconds(seconds))
        }
    }
}

/// Parsing and formatting of durations and sizes with units.
enum SettingText {
    static let sizes: [(suffix: String, factor: Int64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("", 1),
    ]

    static func seconds(_ text: String) -> Int64? {
        number(text, [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)])
    }

    /// Parses a number with a unit.
    ///
    /// - Returns: The number multiplied by the unit's factor; `nil` if the text is not digits followed by one of the
    ///   suffixes, in any letter case, or if the product exceeds 64 bits.
    static func number(_ text: String, _ units: [(suffix: String, factor: Int64)]) -> Int64? {
        for (suffix, factor) in units where text.lowercased().hasSuffix(suffix.lowercased()) {
            let digits = text.dropLast(suffix.count)
            guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int64(digits) else { continue }
            let (product, overflows) = value.multipliedReportingOverflow(by: factor)
            return overflows ? nil : product
        }
        return nil
    }

    /// Formats a number of bytes in the largest unit in which it is a whole number.
    static func size(_ bytes: Int64) -> String {
        let unit = sizes.filter { bytes >= $0.factor && bytes % $0.factor == 0 }.max { $0.factor < $1.factor }
        return unit.map { "\(bytes / $0.factor)\($0.suffix)" } ?? "\(bytes)"
    }
}
