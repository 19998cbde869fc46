import PontoonClient
import PontoonCore
import Synchronization
import SystemPackage

/// The direction of a transfer, which determines the wording of messages and the names of JSON fields.
enum TransferDirection: Sendable {
    case upload, download
}

/// The results of files, and other messages, that a transfer prints without `--json`.
enum TransferDetail: Sendable {
    case all
    /// All results except files that were not transferred because an identical file exists.
    case changes
    /// Failed files, warnings and retries, but neither progress nor a summary.
    case problems
    /// Warnings, retries and progress, but no results of files during the transfer.
    case none

    /// Whether the start of the transfer is announced.
    var includesStart: Bool { self == .all || self == .changes }

    func includes(_ outcome: TransferOutcome) -> Bool {
        switch (self, outcome) {
        // Files that were not finished because of an interruption appear only in the summary.
        case (_, .cancelled): false
        case (.all, _): true
        case (.changes, .alreadyThere): false
        case (.changes, _): true
        case (.problems, _): !outcome.isSuccess
        case (.none, _): false
        }
    }
}

/// The output of commands that transfer files: events during the transfer, and a summary.
final class TransferReport<Item: TransferItem>: Sendable {
    let direction: TransferDirection
    let json: Bool
    let items: [Item]
    let detail: TransferDetail
    /// Interval between progress lines if live lines cannot be shown; `nil` for no progress lines.
    let stats: AgeOption?
    private let start = ContinuousClock.now
    /// For each item, whether its result has been printed.
    private let printed: Mutex<[Bool]>

    init(
        direction: TransferDirection,
        json: Bool,
        items: [Item],
        detail: TransferDetail = .all,
        stats: AgeOption? = nil
    ) {
        self.direction = direction
        self.json = json
        self.items = items
        self.detail = detail
        self.stats = stats
        printed = Mutex([Bool](repeating: false, count: items.count))
    }

    /// Prints the events until the transfer ends.
    func follow(_ events: TransferEvents<Item>) async {
        let isLive = Output.standard.showsLiveLines && !json && detail != .problems
        var display = ProgressDisplay { [items] in items[$0].remotePath }
        var lastStats = start
        var outage = OutageNotice()
        for await event in events {
            if case .finished(let result) = event { printed.withLock { $0[result.index] = true } }
            if json {
                if let line = line(event) { Output.standard.printLine(line.text) }
            } else if isLive, case .began = event {
                // The live lines contain this information.
                continue
            } else if let text = outage.text(event) ?? text(event) {
                Output.standard.printMessage(text, isProblem: event.isProblem)
            } else if case .progress(let progress) = event {
                if isLive {
                    display.draw(progress)
                } else if let stats, ContinuousClock.now - lastStats >= .seconds(stats.seconds) {
                    lastStats = .now
                    Output.standard.printMessage(display.line(progress), isProblem: false)
                }
            }
        }
        Output.standard.endLiveLines()
    }

    /// Prints the results that ``follow(_:)`` did not print because of an interruption.
    private func printRest(_ results: [TransferResult<Item>]) {
        let printed = printed.withLock { $0 }
        for result in results where !printed[result.index] {
            if json {
                Output.standard.printLine(line(result).text)
            } else if detail == .none || detail.includes(result.outcome), let text = text(result) {
                Output.standard.printMessage(text, isProblem: !result.isSuccess)
            }
        }
    }

    /// Prints the results that were not printed yet, and the summary.
    ///
    /// - Returns: The result of the command.
    func finish(_ results: [TransferResult<Item>]) -> CommandEnd {
        printRest(results)
        let failed = results.filter { !$0.isSuccess }.count
        let bytes = results.lazy.map(\.transferredBytes).clampedSum
        if !json, detail != .problems {
            let counts = "\(results.count - failed) of \(counted(results.count, "file"))"
            // The result for an empty folder does not show whether the folder was created by this run.
            let earlier = results.count { if case .alreadyThere = $0.outcome { !$0.item.isFolder } else { false } }
            let skipped = results.count { if case .skipped = $0.outcome { true } else { false } }
            var kinds = earlier > 0 ? ", \(earlier) of them earlier" : ""
            if skipped > 0 { kinds += ", \(skipped) skipped" }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let rate = bytes > 0 && seconds >= 1 ? ", \(rateText(Double(bytes) / seconds))" : ""
            Output.standard.printMessage(
                "\(counts) \(verb)\(kinds), \(ByteCount.text(bytes)) \(transferVerb) in \(timeText(seconds))\(rate).",
                isProblem: false
            )
        }
        let statuses = results.compactMap { result -> ExitStatus? in
            switch result.outcome {
            case .transferred, .alreadyThere, .skipped: nil
            case .cancelled: .interrupted
            // The file was not sent because other files failed, and those determine the status.
            case .failed(let error as ClientError) where error.code == .heldBack: nil
            case .failed(let error): ExitStatus(error)
            }
        }
        return CommandEnd(
            ExitStatus(statuses),
            counts: ["files": Int64(results.count), "failed": Int64(failed), transferredBytesField: bytes]
        )
    }
}

extension TransferEvent {
    /// Whether the message for the event is a warning or an error.
    fileprivate var isProblem: Bool {
        switch self {
        case .retrying, .warning: true
        case .finished(let result): !result.isSuccess
        case .began, .started, .partStored, .verifying, .progress: false
        }
    }
}

// MARK: - Text

extension TransferReport {
    private var verb: String { direction == .upload ? "uploaded" : "downloaded" }
    private var transferVerb: String { direction == .upload ? "sent" : "received" }

    /// Returns the message for an event; `nil` if none is printed.
    private func text(_ event: TransferEvent<Item>) -> String? {
        switch event {
        case .began(let files, let bytes, let concurrency) where detail.includesStart:
            "\(direction == .upload ? "Uploading" : "Downloading") \(counted(files, "file")), "
                + "\(hasUnknownLength ? "" : "\(ByteCount.text(bytes)), ")over up to \(counted(concurrency, "connection"))."
        case .finished(let result) where detail.includes(result.outcome): text(result)
        case .retrying(let retry) where !retry.isOutage && retry.wait > .seconds(1):
            "pontoon: \(retry.index.map { naming(items[$0], in: retry.reason) } ?? retry.reason)"
                + " Retrying in \(timeText(retry.wait / .seconds(1))) to \(retry.purpose)."
        case .warning(let index, let message): "pontoon: \(naming(items[index], in: message))"
        default: nil
        }
    }

    /// The local path that represents standard input or output.
    private static var stream: FilePath { "-" }

    /// Whether the upload reads standard input.
    private var hasUnknownLength: Bool { direction == .upload && items.contains { $0.localPath == Self.stream } }

    /// Returns a message about a file, preceded by the file's path if the message does not contain it.
    private func naming(_ item: Item, in message: String) -> String {
        let path = item.localPath == Self.stream ? item.remotePath : item.localPath.string
        return path.isEmpty || message.contains("'\(path)'") ? message : "\(path): \(message)"
    }

    /// Returns the line for a result; `nil` for a file whose transfer was interrupted.
    private func text(_ result: TransferResult<Item>) -> String? {
        let usesRemotePath = direction == .upload || result.item.localPath == Self.stream
        let name = usesRemotePath ? result.item.remotePath : result.item.localPath.string
        switch result.outcome {
        case .transferred:
            let resumed = result.resumedBytes > 0 ? " (\(ByteCount.text(result.resumedBytes)) resumed)" : ""
            let other = result.remotePath == result.item.remotePath ? "" : " as \(result.remotePath)"
            return "\(name): \(ByteCount.text(result.size)) \(verb)\(other)\(resumed), \(verification(result))"
        case .alreadyThere where result.item.isFolder: return "\(name)/: empty folder"
        case .alreadyThere: return "\(name): already \(verb), \(verification(result))"
        case .skipped: return "\(name): skipped, because a file with that name exists"
        case .failed(let error): return "pontoon: \(naming(result.item, in: "\(error)"))"
        case .cancelled: return nil
        }
    }

    private func verification(_ result: TransferResult<Item>) -> String {
        switch result.verification {
        case .file: "checksum \(result.crc64nvme ?? "") verified"
        case .parts: "every part verified"
        case .size, nil: "only the length could be verified"
        }
    }
}

// MARK: - JSON

extension TransferReport {
    private var transferredBytesField: String { direction == .upload ? "sent_bytes" : "received_bytes" }

    /// Returns the JSON line of an event; docs/client.md#json documents all events.
    private func line(_ event: TransferEvent<Item>) -> JSONLine? {
        switch event {
        case .began(let files, let bytes, let concurrency):
            JSONLine("began").with("files", files).with("bytes", bytes).with("parallel", concurrency)
        case .started(let start): line(start)
        case .partStored(let part): line(part)
        case .retrying(let retry):
            JSONLine("retrying").with("path", retry.index.map { items[$0].localPath.string })
                .with("purpose", retry.purpose).with("reason", retry.reason)
                .with("wait_seconds", retry.wait / .seconds(1))
        case .warning(let index, let message):
            JSONLine("warning").with("path", items[index].localPath.string).with("message", message)
        case .verifying(let index):
            JSONLine("verifying").with("path", items[index].localPath.string)
        case .finished(let result): line(result)
        case .progress(let progress):
            JSONLine("progress").with("done_bytes", progress.doneBytes).with("bytes", progress.bytes)
                .with("ended_files", progress.finishedFiles).with("files", progress.files)
                .with(transferredBytesField, progress.transferredBytes).with("parallel", progress.concurrency)
        }
    }

    private func line(_ start: TransferEvent<Item>.Start) -> JSONLine {
        let line = JSONLine("started").with("path", start.item.localPath.string).with("name", start.item.remotePath)
        switch direction {
        case .upload:
            // The length of a stream is unknown.
            let isKnown = start.parts > 0
            return line.with("upload_id", start.uploadID).with("size", isKnown ? start.size : nil)
                .with("parts", isKnown ? start.parts : nil).with("part_size", start.partSize).with(
                    "resumed_parts",
                    start.resumedParts
                )
                .with("resumed_bytes", start.resumedBytes)
        case .download:
            return line.with("file_id", start.item.fileID).with("size", start.size).with("ranges", start.parts)
                .with("resumed_ranges", start.resumedParts).with("resumed_bytes", start.resumedBytes)
        }
    }

    private func line(_ part: TransferEvent<Item>.Part) -> JSONLine {
        let path = items[part.index].localPath.string
        return switch direction {
        case .upload:
            JSONLine("part").with("path", path).with("part_number", part.number).with("size", part.size)
                .with("etag", part.etag)
        case .download:
            JSONLine("range").with("path", path).with("offset", part.offset).with("size", part.size)
        }
    }

    private func line(_ result: TransferResult<Item>) -> JSONLine {
        let (name, error): (String, (any Error)?) =
            switch result.outcome {
            case .transferred: (verb, nil)
            case .alreadyThere: ("already_there", nil)
            case .skipped: ("skipped", nil)
            case .failed(let error): ("failed", error)
            case .cancelled: ("cancelled", nil)
            }
        return JSONLine(name).with("path", result.item.localPath.string).with("name", result.remotePath)
            .with("size", result.size).with(transferredBytesField, result.transferredBytes)
            .with("resumed_bytes", result.resumedBytes).with("file_id", result.fileID)
            .with("upload_id", result.uploadID).with("crc64nvme", result.crc64nvme).with("md5", result.md5)
            .with("verified_by", result.verification?.rawValue).with("code", error.map(errorCode))
            .with("message", error.map { "\($0)" })
    }
}
