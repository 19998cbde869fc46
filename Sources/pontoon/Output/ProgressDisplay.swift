import PontoonClient
import PontoonCore

/// The live display on a terminal: a line per active file and a summary, redrawn in place.
struct ProgressDisplay {
    /// Names of the files by index.
    let names: [String]
    private var drawnLines = 0
    private var meter = RateMeter()

    init(names: [String]) { self.names = names }

    mutating func draw(_ progress: TransferProgress) {
        meter.add(progress.transferredBytes)
        let size = Terminal.size
        let lines = frame(progress, columns: size.columns, rows: size.rows)
        Output.standard.draw(erasure + lines.map { "\($0)\u{1B}[K\n" }.joined())
        drawnLines = lines.count
    }

    /// Prints a permanent line above the live lines.
    mutating func printAbove(_ line: String) {
        Output.standard.draw("\(erasure)\(line.visible)\n")
        drawnLines = 0
    }

    /// Removes the live lines.
    mutating func clear() {
        Output.standard.draw(erasure)
        drawnLines = 0
    }

    /// Escape sequences that move the cursor to the first live line and erase everything from there.
    private var erasure: String { drawnLines > 0 ? "\u{1B}[\(drawnLines)A\u{1B}[J" : "" }

    /// Returns the lines, each no longer than the terminal's width.
    private func frame(_ progress: TransferProgress, columns: Int, rows: Int) -> [String] {
        let shown = progress.active.prefix(max(1, min(12, rows - 3)))
        var lines = shown.map { line($0, columns: columns) }
        let hidden = progress.active.count - shown.count
        if hidden > 0 { lines.append("  … and \(hidden) more") }
        lines.append(summary(progress))
        return lines.map { String($0.prefix(max(20, columns - 1))) }
    }

    private func line(_ file: TransferProgress.File, columns: Int) -> String {
        let share = file.size > 0 ? min(max(0, Double(file.doneBytes) / Double(file.size)), 1) : 1
        let state =
            file.isVerifying
            ? "verifying" : "\(Int(share * 100))% of \(ByteCount.text(file.size)), part \(file.doneParts)/\(file.parts)"
        let room = max(12, columns - 44)
        let name = names[file.index].visible
        let fitting = name.count > room ? "…" + name.suffix(room - 1) : name
        return "  \(fitting)  \(state)"
    }

    private func summary(_ progress: TransferProgress) -> String {
        let rate = meter.bytesPerSecond
        let left = Double(progress.bytes - progress.doneBytes)
        var parts = [
            "\(progress.finishedFiles)/\(counted(progress.files, "file"))",
            "\(ByteCount.text(progress.doneBytes)) of \(ByteCount.text(progress.bytes))",
            "\(ByteCount.text(Int64(exactly: rate.rounded()) ?? .max))/s",
            rate > 0 ? "ETA \(timeText(left / rate))" : "ETA –",
            "\(progress.concurrency) in parallel",
        ]
        if progress.failedFiles > 0 { parts.append("\(progress.failedFiles) failed") }
        return parts.joined(separator: " · ")
    }
}

/// A meter of the throughput over the last five seconds.
struct RateMeter {
    private var samples: [(time: ContinuousClock.Instant, bytes: Int64)] = []

    /// Adds a measurement of the total number of bytes transferred so far.
    mutating func add(_ bytes: Int64) {
        let now = ContinuousClock.now
        samples.append((now, bytes))
        samples.removeAll { $0.time < now - .seconds(5) }
    }

    var bytesPerSecond: Double {
        guard let first = samples.first, let last = samples.last, last.time > first.time else { return 0 }
        return Double(last.bytes - first.bytes) / ((last.time - first.time) / .seconds(1))
    }
}
