/// The interval of the background scrub.
package enum ScrubInterval: Hashable, Sendable {
    /// The default: 30 days for objects on disk, and no background scrub for objects in S3, where reading can cost
    /// money.
    case standard
    case off
    case every(Duration)
}

extension Setting where Value == ScrubInterval {
    package static var scrubInterval: Setting<ScrubInterval> {
        Setting(
            "scrub-interval",
            SettingFormat(
                placeholder: "duration|off",
                allowed: "1h to 10000d, or off",
                expectation: "off or a duration from 1h to 10000d, such as 30d"
            ) { text in
                if text.lowercased() == "off" { return .off }
                guard let seconds = SettingText.seconds(text), (3600...864_000_000).contains(seconds) else {
                    return nil
                }
                return .every(.seconds(seconds))
            },
            default: .value(.standard, described: "30d; off with objects in S3"),
            summary: "Time after which each stored object is read again and compared with its checksum"
        )
    }
}

extension Setting where Value == Int64 {
    package static var scrubRate: Setting<Int64> {
        Setting(
            "scrub-rate",
            .size(0...(1 << 40)),
            default: .text("100MiB"),
            summary: "Maximum rate, in bytes per second, at which the server reads objects again; 0 means no limit"
        )
    }
}

// MARK: - Flags of `pontoond scrub`, which no other source provides

extension Setting where Value == Int64 {
    package static var rate: Setting<Int64> {
        Setting(
            "rate",
            .size(0...(1 << 40)),
            default: .text("0"),
            sources: .flag,
            summary: "Maximum rate of reading in bytes per second; 0 means no limit"
        )
    }
}

extension Setting where Value == Duration {
    package static var olderThan: Setting<Duration> {
        Setting(
            "older-than",
            .duration(from: "0s", to: "10000d"),
            default: .text("0s"),
            sources: .flag,
            summary: "Check only objects that were last checked longer ago than this"
        )
    }
}
