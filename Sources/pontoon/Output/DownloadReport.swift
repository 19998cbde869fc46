import PontoonClient
import SystemPackage

/// What `pontoon download` says while it works and at the end.
struct DownloadReport: Sendable {
    let json: Bool
    let items: [DownloadItem]

    /// Reads the events to their end.
    func follow(_ events: DownloadEvents) async {
        // The view shows names only.
        var display = UploadDisplay(items: items.map { UploadItem(source: $0.target, name: $0.remotePath) })
        let isLive = Output.standard.isTerminal && !json
        for await event in events {
            if json {
                if let line = line(event) { Output.standard.say(line.text) }
            } else if let text = text(event) {
                if isLive { display.say(text) } else { Output.standard.note(text) }
            } else if isLive, case .progress(let progress) = event {
                display.draw(progress)
            }
        }
        if isLive { display.clear() }
    }

    /// Says how it ended.
    func end(_ results: [DownloadResult]) {
        let failed = results.filter { !$0.isThere }
        let received = results.reduce(0) { $0 + $1.receivedBytes }
        if json {
            // Who was interrupted reads no events any more.
            for result in results { if case .cancelled = result.outcome { Output.standard.say(line(result).text) } }
            let line = JSONLine("finished").with("files", results.count).with("failed", failed.count)
            Output.standard.say(line.with("received_bytes", received).text)
        } else {
            let there = results.count - failed.count
            Output.standard.note(
                "\(counted(there, "file")) of \(results.count) here, \(ByteCount.text(received)) received."
            )
        }
    }

    /// How the files that are not here end the process.
    static func endings(_ results: [DownloadResult]) -> [Ending] {
        results.compactMap { result in
            switch result.outcome {
            case .downloaded, .alreadyThere, .skipped: nil
            case .cancelled: .interrupted
            case .failed(let error): Ending(error)
            }
        }
    }

    /// What is said of an event; most are only counted.
    private func text(_ event: DownloadEvent) -> String? {
        switch event {
        case .ended(let result): sentence(result).printable
        case .retrying(_, let purpose, let reason, let wait) where wait > .seconds(1):
            "pontoon: \(reason) Trying again in \(timeText(wait / .seconds(1))) to \(purpose).".printable
        default: nil
        }
    }

    private func sentence(_ result: DownloadResult) -> String {
        let target = result.item.target.string
        switch result.outcome {
        case .downloaded:
            let resumed = result.resumedBytes > 0 ? ", \(ByteCount.text(result.resumedBytes)) were here" : ""
            return "\(target): \(ByteCount.text(result.size)) downloaded\(resumed), \(verified(result))"
        case .alreadyThere: return "\(target): already here, \(verified(result))"
        case .skipped: return "\(target): a file of that name is here, left out"
        case .failed(let error): return "pontoon: \(error)"
        case .cancelled: return "\(target): not finished"
        }
    }

    private func verified(_ result: DownloadResult) -> String {
        switch result.verification {
        case .file: "checksum \(result.crc64nvme ?? "") verified"
        case .size, nil: "only the length could be compared"
        }
    }
}

extension DownloadReport {
    /// An event as a line of `--json`; docs/client.md#json has them all.
    private func line(_ event: DownloadEvent) -> JSONLine? {
        switch event {
        case .began(let files, let bytes):
            JSONLine("began").with("files", files).with("bytes", bytes)
        case .started(let start):
            JSONLine("started").with("path", start.item.target.string).with("name", start.item.remotePath)
                .with("file_id", start.item.fileID).with("size", start.size).with("ranges", start.ranges)
                .with("resumed_ranges", start.resumedRanges).with("resumed_bytes", start.resumedBytes)
        case .rangeStored(let range):
            JSONLine("range").with("path", items[range.index].target.string).with("offset", range.offset)
                .with("size", range.size)
        case .retrying(let index, let purpose, let reason, let wait):
            JSONLine("retrying").with("path", index.map { items[$0].target.string }).with("purpose", purpose)
                .with("reason", reason).with("wait_seconds", wait / .seconds(1))
        case .ended(let result): line(result)
        case .progress(let progress):
            JSONLine("progress").with("done_bytes", progress.doneBytes).with("bytes", progress.bytes)
                .with("ended_files", progress.endedFiles).with("files", progress.files)
                .with("received_bytes", progress.sentBytes).with("parallel", progress.parallel)
        }
    }

    private func line(_ result: DownloadResult) -> JSONLine {
        let (name, error): (String, (any Error)?) =
            switch result.outcome {
            case .downloaded: ("downloaded", nil)
            case .alreadyThere: ("already_there", nil)
            case .skipped: ("skipped", nil)
            case .failed(let error): ("failed", error)
            case .cancelled: ("cancelled", nil)
            }
        return JSONLine(name).with("path", result.item.target.string).with("name", result.item.remotePath)
            .with("file_id", result.item.fileID).with("size", result.size)
            .with("received_bytes", result.receivedBytes).with("resumed_bytes", result.resumedBytes)
            .with("crc64nvme", result.crc64nvme).with("verified_by", result.verification?.rawValue)
            .with("code", error.map(errorCode)).with("message", error.map { "\($0)" })
    }
}
