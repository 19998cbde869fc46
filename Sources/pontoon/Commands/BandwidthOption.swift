import ArgumentParser
import PontoonClient

/// The value of `--bwlimit`: a number of bytes per second, `off`, or a timetable such as `08:00,10M 19:00,off`.
///
/// The format is that of rclone, except that a number without a unit is in bytes, and that there are no separate limits
/// for uploads and downloads.
struct BandwidthOption: ExpressibleByArgument, Hashable, Sendable {
    /// The limit; `nil` for none.
    let limit: BandwidthLimit?

    init?(argument: String) {
        if !argument.contains(",") {
            guard let rate = Self.rate(argument) else { return nil }
            limit = rate.map { BandwidthLimit(bytesPerSecond: $0) }
            return
        }
        var entries: [BandwidthLimit.Entry] = []
        for word in argument.split(whereSeparator: \.isWhitespace) {
            guard let entry = Self.entry(word) else { return nil }
            entries.append(entry)
        }
        limit = BandwidthLimit(timetable: entries)
    }

    /// Parses `HH:MM,RATE` or `Mon-HH:MM,RATE`.
    private static func entry(_ word: Substring) -> BandwidthLimit.Entry? {
        let fields = word.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 2, let rate = rate(String(fields[1])) else { return nil }
        let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        let parts = fields[0].split(separator: "-", omittingEmptySubsequences: false)
        var weekday: Int?
        if parts.count == 2 {
            // As in rclone, only the first three letters of a weekday matter.
            guard let day = days.firstIndex(of: String(parts[0].lowercased().prefix(3))) else { return nil }
            weekday = day
        } else if parts.count != 1 {
            return nil
        }
        let time = parts[parts.count - 1].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 2, time.allSatisfy({ (1...2).contains($0.count) }), let hour = Int(time[0]),
            let minute = Int(time[1]), (0..<24).contains(hour), (0..<60).contains(minute)
        else { return nil }
        return BandwidthLimit.Entry(weekday: weekday, minute: hour * 60 + minute, bytesPerSecond: rate)
    }

    /// Parses a number of bytes per second.
    ///
    /// - Returns: `.some(nil)` for `0` and `off`, which mean no limit; `nil` if the text is not valid.
    private static func rate(_ text: String) -> Int64?? {
        if text == "off" { return .some(nil) }
        guard let count = ByteCount(argument: text), count.bytes >= 0 else { return nil }
        return .some(count.bytes == 0 ? nil : count.bytes)
    }
}
