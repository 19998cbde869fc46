import Foundation
import PontoonClient
import SystemPackage

/// What `pontoon upload` says while it works and at the end.
struct UploadReport: Sendable {
    let json: Bool
    let items: [UploadItem]

    /// Reads the events to their end.
    func follow(_ events: UploadEvents) async {
        var display = UploadDisplay(items: items)
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
    func end(_ results: [UploadResult]) {
        let failed = results.filter { !$0.isThere }
        let sent = results.reduce(0) { $0 + $1.sentBytes }
        if json {
            // Who was interrupted reads no events any more.
            for result in results { if case .cancelled = result.outcome { Output.standard.say(line(result).text) } }
            let line = JSONLine("finished").with("files", results.count).with("failed", failed.count)
            Output.standard.say(line.with("sent_bytes", sent).text)
        } else {
            let there = results.count - failed.count
            Output.standard.note("\(counted(there, "file")) of \(results.count) there, \(ByteCount.text(sent)) sent.")
        }
    }

    /// How the files that are not at the destination end the process.
    static func endings(_ results: [UploadResult]) -> [Ending] {
        results.compactMap { result in
            switch result.outcome {
            case .uploaded, .alreadyThere, .skipped: nil
            case .cancelled: .interrupted
            case .failed(let error): Ending(error)
            }
        }
    }

    /// What is said of an event; most are only counted.
    private func text(_ event: UploadEvent) -> String? {
        switch event {
        case .ended(let result): sentence(result).printable
        case .retrying(_, let purpose, let reason, let wait) where wait > .seconds(1):
            "pontoon: \(reason) Trying again in \(timeText(wait / .seconds(1))) to \(purpose).".printable
        default: nil
        }
    }

    /// How a file ended, in a line.
    func sentence(_ result: UploadResult) -> String {
        switch result.outcome {
        case .uploaded:
            let resumed = result.resumedBytes > 0 ? ", \(ByteCount.text(result.resumedBytes)) were there" : ""
            return "\(result.item.remotePath): \(ByteCount.text(result.size)) uploaded\(resumed), \(verified(result))"
        case .alreadyThere: return "\(result.item.remotePath): already there, \(verified(result))"
        case .skipped: return "\(result.item.remotePath): a file of that name is there, left out"
        case .failed(let error): return "pontoon: \(error)"
        case .cancelled: return "\(result.item.remotePath): not finished"
        }
    }

    private func verified(_ result: UploadResult) -> String {
        switch result.verification {
        case .file: "checksum \(result.crc64nvme ?? "") verified"
        case .parts: "every part verified"
        case .size, nil: "only the length could be compared"
        }
    }
}

extension UploadReport {
    /// An event as a line of `--json`; docs/client.md#json has them all.
    private func line(_ event: UploadEvent) -> JSONLine? {
        switch event {
        case .began(let files, let bytes):
            JSONLine("began").with("files", files).with("bytes", bytes)
        case .started(let start):
            JSONLine("started").with("path", start.item.source.string).with("name", start.item.remotePath)
                .with("upload_id", start.uploadID).with("size", start.size).with("parts", start.parts)
                .with("part_size", start.partSize).with("resumed_parts", start.resumedParts)
                .with("resumed_bytes", start.resumedBytes)
        case .partStored(let part):
            JSONLine("part").with("path", items[part.index].source.string).with("part_number", part.number)
                .with("size", part.size).with("etag", part.etag)
        case .retrying(let index, let purpose, let reason, let wait):
            JSONLine("retrying").with("path", index.map { items[$0].source.string }).with("purpose", purpose)
                .with("reason", reason).with("wait_seconds", wait / .seconds(1))
        case .verifying(let index):
            JSONLine("verifying").with("path", items[index].source.string)
        case .ended(let result): line(result)
        case .progress(let progress):
            JSONLine("progress").with("done_bytes", progress.doneBytes).with("bytes", progress.bytes)
                .with("ended_files", progress.endedFiles).with("files", progress.files)
                .with("sent_bytes", progress.sentBytes).with("parallel", progress.parallel)
        }
    }

    private func line(_ result: UploadResult) -> JSONLine {
        let (name, error): (String, (any Error)?) =
            switch result.outcome {
            case .uploaded: ("uploaded", nil)
            case .alreadyThere: ("already_there", nil)
            case .skipped: ("skipped", nil)
            case .failed(let error): ("failed", error)
            case .cancelled: ("cancelled", nil)
            }
        return JSONLine(name).with("path", result.item.source.string).with("name", result.item.remotePath)
            .with("size", result.size).with("sent_bytes", result.sentBytes)
            .with("resumed_bytes", result.resumedBytes).with("file_id", result.fileID)
            .with("upload_id", result.uploadID).with("crc64nvme", result.crc64nvme)
            .with("verified_by", result.verification?.rawValue).with("code", error.map(errorCode))
            .with("message", error.map { "\($0)" })
    }
}
