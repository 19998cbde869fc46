import PontoonClient
import PontoonCore

/// The live lines of a transfer: two lines with the totals and, above them, a line for each active file for which the
/// terminal has room.
struct ProgressDisplay {
    /// Returns the name of the file at an index.
    let name: @Sendable (Int) -> String
    private let start = ContinuousClock.now
    private var meter = ProgressMeter()

    /// Maximum number of lines above the totals.
    private static let maximumFiles = 12

    init(name: @escaping @Sendable (Int) -> String) { self.name = name }

    mutating func draw(_ progress: TransferProgress) {
        let now = ContinuousClock.now
        meter.add(progress, at: now)
        let elapsed = (now - start) / .seconds(1)
        Output.standard.draw { lines(progress, elapsed: elapsed, $0) }
    }

    /// Returns the totals as a single line, for output without a terminal.
    mutating func line(_ progress: TransferProgress) -> String {
        let now = ContinuousClock.now
        meter.add(progress, at: now)
        let fields = totals(progress) + speed(progress, elapsed: (now - start) / .seconds(1))
        return fields.map(\.text).joined(separator: " · ")
    }

    /// Returns lines that are narrower than the terminal and leave two of its rows free.
    private func lines(_ progress: TransferProgress, elapsed: Double, _ size: Terminal.Size) -> [String] {
        let width = size.columns - 1
        var totals = [
            fitting(totals(progress), into: width), fitting(speed(progress, elapsed: elapsed), into: width),
        ]
        // Leave a row for a message and one for the cursor. In a low terminal, the totals take precedence over files.
        let rows = max(1, size.rows - 2)
        totals.removeLast(max(0, totals.count - rows))
        let room = min(Self.maximumFiles, rows - totals.count)
        guard room > 0 else { return totals }
        let isCut = progress.active.count > room
        let shown = progress.active.prefix(isCut ? room - 1 : room)
        var lines = shown.map { line($0, into: width) }
        if isCut { lines.append("  … and \(counted(progress.active.count - shown.count, "more file"))") }
        return lines.map { $0.shortened(to: width) } + totals
    }

    private func line(_ file: TransferProgress.File, into width: Int) -> String {
        let name = name(file.index).visible
        if file.isOpenEnded {
            let state = file.isVerifying ? "verifying" : ByteCount.text(file.doneBytes)
            return "  \(name.shortened(to: max(1, width - 4 - state.columns)))  \(state)"
        }
        let share = percent(file.size > 0 ? Double(file.doneBytes) / Double(file.size) : 1)
        let part = file.parts > 1 ? ", part \(file.doneParts)/\(file.parts)" : ""
        let states =
            file.isVerifying
            ? ["verifying"] : ["\(share) of \(ByteCount.text(file.size))\(part)", "\(share)\(part)", share]
        // Choose the longest state that leaves enough columns for the name, or half of the width for a long name.
        let needed = min(name.columns, width / 2)
        let state = states.first { needed + 4 + $0.columns <= width } ?? share
        return "  \(name.shortened(to: max(1, width - 4 - state.columns)))  \(state)"
    }

    /// A field of the totals.
    private struct Field {
        let text: String
        /// If the line is too long, the fields with the highest ranks are omitted first.
        let rank: Int
    }

    private func totals(_ progress: TransferProgress) -> [Field] {
        if progress.active.contains(where: \.isOpenEnded) {
            return [Field(text: "\(ByteCount.text(progress.doneBytes)) so far", rank: 0)]
        }
        let share =
            progress.bytes > 0
            ? Double(progress.doneBytes) / Double(progress.bytes)
            : Double(progress.finishedFiles) / Double(max(1, progress.files))
        var fields = [
            Field(text: percent(share), rank: 0),
            Field(text: "\(progress.finishedFiles)/\(counted(progress.files, "file"))", rank: 2),
            Field(text: "\(ByteCount.text(progress.doneBytes)) of \(ByteCount.text(progress.bytes))", rank: 3),
            Field(text: "ETA \(meter.remainingSeconds(progress).map { timeText($0) } ?? "–")", rank: 1),
        ]
        if progress.failedFiles > 0 { fields.append(Field(text: "\(progress.failedFiles) failed", rank: 0)) }
        return fields
    }

    private func speed(_ progress: TransferProgress, elapsed: Double) -> [Field] {
        [
            Field(text: rateText(meter.bytesPerSecond), rank: 0),
            Field(text: "average \(rateText(Double(progress.transferredBytes) / max(elapsed, 0.2)))", rank: 2),
            Field(text: "\(timeText(elapsed)) elapsed", rank: 1),
            Field(text: "\(progress.concurrency) in parallel", rank: 3),
        ]
    }

    private func fitting(_ fields: [Field], into width: Int) -> String {
        var fields = fields
        while true {
            let line = fields.map(\.text).joined(separator: " · ")
            guard line.columns > width, let last = fields.indices.max(by: { fields[$0].rank < fields[$1].rank }),
                fields.count > 1
            else { return line.shortened(to: width) }
            fields.remove(at: last)
        }
    }

    /// Formats a share as a percentage, rounded down so that 100% appears only when everything is done.
    private func percent(_ share: Double) -> String { "\(Int(min(max(0, share), 1) * 100))%" }
}

/// A meter that estimates throughput and remaining time from the progress of the last ten seconds.
struct ProgressMeter {
    private struct Sample {
        let time: ContinuousClock.Instant
        let transferredBytes: Int64
        let doneBytes: Int64
        let finishedFiles: Int
    }

    private var samples: [Sample] = []

    /// Minimum number of files, finished in the last ten seconds, for an estimate from the rate of files.
    ///
    /// If no bytes made progress in this time, one file is enough.
    private static let minimumFiles = 10

    /// Adds a sample, and removes samples older than ten seconds.
    mutating func add(_ progress: TransferProgress, at time: ContinuousClock.Instant) {
        samples.append(
            Sample(
                time: time,
                transferredBytes: progress.transferredBytes,
                doneBytes: progress.doneBytes,
                finishedFiles: progress.finishedFiles
            )
        )
        samples.removeAll { $0.time < time - .seconds(10) }
    }

    /// Number of bytes sent or received per second; 0 before the second sample.
    var bytesPerSecond: Double {
        guard let (first, last, seconds) = span else { return 0 }
        return Double(last.transferredBytes) / seconds - Double(first.transferredBytes) / seconds
    }

    /// Estimates the remaining time in seconds: the longer of the times for the remaining bytes and files.
    ///
    /// Large files are limited by the throughput, and small files by the rate of requests.
    ///
    /// - Returns: The time; `nil` if there was no progress in the last ten seconds.
    func remainingSeconds(_ progress: TransferProgress) -> Double? {
        guard let (first, last, seconds) = span else { return nil }
        let bytes = Double(last.doneBytes) - Double(first.doneBytes)
        let files = last.finishedFiles - first.finishedFiles
        var estimates: [Double] = []
        if bytes > 0 { estimates.append(Double(progress.remainingBytes) / bytes * seconds) }
        if files >= Self.minimumFiles || (bytes <= 0 && files > 0) {
            estimates.append(Double(progress.files - progress.finishedFiles) / Double(files) * seconds)
        }
        return estimates.max()
    }

    private var span: (first: Sample, last: Sample, seconds: Double)? {
        guard let first = samples.first, let last = samples.last, last.time > first.time else { return nil }
        return (first, last, (last.time - first.time) / .seconds(1))
    }
}
