import PontoonClient
import PontoonCore
import ArgumentParser
import PontoonFoundation

/// A number of bytes, parsed from text such as `512K`, `16MiB` or `1.5G`; units are powers of 1024.
struct ByteCount: ExpressibleByArgument, Hashable, Sendable {
    let bytes: Int64

    init(bytes: Int64) { self.bytes = bytes }

    var defaultValueDescription: String { Self.text(bytes) }

    init?(argument: String) {
        let text = argument.lowercased()
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let units: [String: Double] = [
            "": 1, "b": 1, "k": 0x1p10, "m": 0x1p20, "g": 0x1p30, "t": 0x1p40,
        ]
        var unit = text.dropFirst(digits.count).trimmed
        if unit.hasSuffix("ib") { unit = String(unit.dropLast(2)) }
        if unit.count == 2, unit.hasSuffix("b") { unit = String(unit.dropLast()) }
        guard let number = Double(digits), let factor = units[unit], number * factor < 0x1p62 else { return nil }
        bytes = Int64(number * factor)
    }

    /// Formats a number of bytes, such as `1.50 GiB`.
    static func text(_ bytes: Int64) -> String {
        var (value, unit) = (Double(bytes), "B")
        for larger in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 { (value, unit) = (value / 1024, larger) }
        return unit == "B" ? "\(bytes) B" : "\(value.text(places: value < 10 ? 2 : 1)) \(unit)"
    }
}

/// Formats a duration in seconds, such as `1:05` or `2:03:07`.
///
/// Returns `–` for 100 hours or more and for negative durations.
func timeText(_ seconds: Double) -> String {
    guard seconds >= 0, seconds < 360_000 else { return "–" }
    let total = Int(seconds.rounded())
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, (total % 60).padded(to: 2))
    return hours > 0 ? "\(hours):\(minutes.padded(to: 2)):\(rest)" : "\(minutes):\(rest)"
}

/// Formats a throughput in bytes per second, such as `12.3 MiB/s`.
func rateText(_ bytesPerSecond: Double) -> String {
    "\(ByteCount.text(Int64(exactly: max(0, bytesPerSecond).rounded()) ?? .max))/s"
}

/// Formats a count, such as `1 file` or `2 files`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
