package import PontoonCore

/// The format of limits in the options of `pontoond quota`: `default`, `unlimited`, or a number.
package enum QuotaArgument {
    /// Maximum number of bytes of a quota: 1 EiB.
    package static let maximumBytes: Int64 = 1 << 60
    /// Maximum number of files or uploads of a quota.
    package static let maximumCount: Int64 = 1_000_000_000_000

    /// Parses `default`, `unlimited`, or a size of at most ``maximumBytes``, such as `5TiB`; returns `nil` for any
    /// other text.
    package static func parse(bytes text: String) -> QuotaValue? { parse(text, bytes) }

    /// Parses `default`, `unlimited`, or a number of files or uploads from 0 to ``maximumCount``; returns `nil` for any
    /// other text.
    package static func parse(count text: String) -> QuotaValue? {
        parse(text) { text in
            SettingText.number(text, [("", 1)]).flatMap { (0...maximumCount).contains($0) ? $0 : nil }
        }
    }

    /// Parses a size from 0 to ``maximumBytes``, with or without a unit; returns `nil` for any other text.
    static func bytes(_ text: String) -> Int64? {
        SettingText.number(text, SettingText.sizes).flatMap { (0...maximumBytes).contains($0) ? $0 : nil }
    }

    private static func parse(_ text: String, _ number: (String) -> Int64?) -> QuotaValue? {
        switch text.lowercased() {
        case "default": .byDefault
        case "unlimited": .unlimited
        default: number(text).map { .limit($0) }
        }
    }
}
