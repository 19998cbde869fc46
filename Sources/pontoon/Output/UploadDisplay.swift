import Foundation
import Glibc
import PontoonClient
import SystemPackage

/// The live view on a terminal: a line for each file in progress, one for all of them; drawn over itself.
struct UploadDisplay {
    private let items: [UploadItem]
    private var drawnLines = 0
    private var meter = RateMeter()

    init(items: [UploadItem]) { self.items = items }

    /// Draws where things stand.
    mutating func draw(_ progress: UploadProgress) {
        meter.note(progress.sentBytes)
        let size = Self.terminalSize()
        let lines = frame(progress, columns: size.columns, rows: size.rows)
        Output.standard.draw(erasure + lines.map { "\($0)\u{1B}[K\n" }.joined())
        drawnLines = lines.count
    }

    /// Prints a line that stays, above the live ones.
    mutating func say(_ line: String) {
        Output.standard.draw("\(erasure)\(line)\n")
        drawnLines = 0
    }

    /// Takes the live lines away.
    mutating func clear() {
        Output.standard.draw(erasure)
        drawnLines = 0
    }

    /// Up to the first live line, and everything below gone.
    private var erasure: String { drawnLines > 0 ? "\u{1B}[\(drawnLines)A\u{1B}[J" : "" }

    /// The lines, none longer than the terminal is wide.
    func frame(_ progress: UploadProgress, columns: Int, rows: Int) -> [String] {
        let shown = progress.active.prefix(max(1, min(12, rows - 3)))
        var lines = shown.map { line($0, columns: columns) }
        let hidden = progress.active.count - shown.count
        if hidden > 0 { lines.append("  … and \(hidden) more") }
        lines.append(summary(progress))
        return lines.map { String($0.prefix(max(20, columns - 1))) }
    }

    private func line(_ file: UploadProgress.File, columns: Int) -> String {
        let share = file.size > 0 ? Double(file.doneBytes) / Double(file.size) : 1
        let state =
            file.isVerifying
            ? "verifying" : "\(Int(share * 100))% of \(ByteCount.text(file.size)), part \(file.doneParts)/\(file.parts)"
        let room = max(12, columns - 44)
        let name = items[file.index].remotePath.printable
        let fitting = name.count > room ? "…" + name.suffix(room - 1) : name
        return "  \(fitting)  \(state)"
    }

    private func summary(_ progress: UploadProgress) -> String {
        let rate = meter.bytesPerSecond
        let left = Double(progress.bytes - progress.doneBytes)
        var parts = [
            "\(progress.endedFiles)/\(counted(progress.files, "file"))",
            "\(ByteCount.text(progress.doneBytes)) of \(ByteCount.text(progress.bytes))",
            "\(ByteCount.text(Int64(rate)))/s",
            rate > 0 ? "ETA \(timeText(left / rate))" : "ETA –",
            "\(progress.parallel) at once",
        ]
        if progress.failedFiles > 0 { parts.append("\(progress.failedFiles) failed") }
        return parts.joined(separator: " · ")
    }

    private static func terminalSize() -> (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}

/// Bytes per second over the last few seconds.
struct RateMeter {
    private var notes: [(time: ContinuousClock.Instant, bytes: Int64)] = []

    /// Takes a count that only grows.
    mutating func note(_ bytes: Int64) {
        let now = ContinuousClock.now
        notes.append((now, bytes))
        notes.removeAll { $0.time < now - .seconds(5) }
    }

    var bytesPerSecond: Double {
        guard let first = notes.first, let last = notes.last, last.time > first.time else { return 0 }
        return Double(last.bytes - first.bytes) / ((last.time - first.time) / .seconds(1))
    }
}

extension String {
    /// With a placeholder for each character that a terminal would obey.
    var printable: String {
        String(
            String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 })
        )
    }
}
