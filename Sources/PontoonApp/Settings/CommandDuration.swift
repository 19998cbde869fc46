/// The format of durations in the options of administration commands: the same as in settings, such as `90s` or `30d`.
package enum CommandDuration {
    /// Parses a duration from 1 second to 10,000 days; returns `nil` for any other text.
    package static func parse(_ text: String) -> Duration? {
        guard let seconds = SettingText.seconds(text), (1...10_000 * 86_400).contains(seconds) else { return nil }
        return .seconds(seconds)
    }
}
