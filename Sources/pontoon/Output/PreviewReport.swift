import PontoonClient
import SystemPackage

/// The output of `--dry-run` and `--explain`.
struct PreviewReport {
    let json: Bool
    /// Whether to print part sizes and the reasons for them.
    let explains: Bool

    /// Prints the preview of an upload.
    ///
    /// - Returns: The result of the command, with the exit status for the files whose upload would fail, except files
    ///   that would be held back because of other failures.
    func show(_ preview: UploadPreview) -> CommandEnd {
        for entry in preview.entries { Output.standard.printLine(json ? line(entry).text : text(entry)) }
        if json {
            Output.standard.printLine(
                JSONLine("planned").with("files", preview.entries.count).with("bytes", preview.bytes)
                    .with("calls", preview.calls).with("call_limit", preview.limits.calls)
                    .with("shortest_seconds", preview.shortestTime / .seconds(1))
                    .with("parallel", preview.maximumConcurrency).text
            )
        } else {
            Output.standard.printLine(summary(preview))
        }
        let failures = preview.entries.compactMap { entry -> ExitStatus? in
            guard case .fail(let error) = entry.action, (error as? ClientError)?.code != .heldBack else { return nil }
            return ExitStatus(error)
        }
        return CommandEnd(
            ExitStatus(failures),
            counts: ["files": Int64(preview.entries.count), "failed": Int64(failures.count)]
        )
    }

    /// Prints the preview of a download.
    ///
    /// - Returns: The result of the command, with the exit status for the files whose download would fail.
    func show(_ preview: DownloadPreview) -> CommandEnd {
        for entry in preview.entries { Output.standard.printLine(json ? line(entry).text : text(entry)) }
        let (files, bytes) = (preview.entries.count, preview.bytes)
        Output.standard.printLine(
            json
                ? JSONLine("planned").with("files", files).with("bytes", bytes).text
                : "\(counted(files, "file")), \(ByteCount.text(bytes)) to receive"
        )
        let failures = preview.entries.compactMap { entry -> ExitStatus? in
            guard case .fail(let error) = entry.action else { return nil }
            return ExitStatus(error)
        }
        return CommandEnd(
            ExitStatus(failures),
            counts: ["files": Int64(files), "failed": Int64(failures.count)]
        )
    }

    private func text(_ entry: DownloadPreview.Entry) -> String {
        let action =
            switch entry.action {
            case .receive: "download, \(ByteCount.text(entry.size))"
            case .resume: "resume the download, \(ByteCount.text(entry.size))"
            case .replace: "replace, \(ByteCount.text(entry.size))"
            case .alreadyThere: "already downloaded"
            case .skip: "skip, because a file with that name exists"
            case .fail(let error): "would fail: \(error)"
            }
        return "\(entry.item.remotePath) → \(entry.item.target): \(action)"
    }

    private func line(_ entry: DownloadPreview.Entry) -> JSONLine {
        let (name, error): (String, (any Error)?) =
            switch entry.action {
            case .receive: ("download", nil)
            case .resume: ("resume", nil)
            case .replace: ("replace", nil)
            case .alreadyThere: ("already_there", nil)
            case .skip: ("skip", nil)
            case .fail(let error): ("fail", error)
            }
        return JSONLine("plan").with("path", entry.item.target.string).with("name", entry.item.remotePath)
            .with("action", name).with("size", entry.size).with("code", error.map(errorCode))
            .with("message", error.map { "\($0)" })
    }

    private func text(_ entry: UploadPreview.Entry) -> String {
        let isFolder = entry.item.isFolder && !entry.isFailure
        var text = "\(entry.item.source) → \(entry.item.remotePath): \(isFolder ? "empty folder" : text(entry.action))"
        if explains, let plan = entry.plan {
            text += ", \(ByteCount.text(plan.size)) in \(counted(plan.parts, "part"))"
            text += " of \(ByteCount.text(plan.partSize)) (\(plan.reason))"
        }
        return text
    }

    private func text(_ action: UploadPreview.Action) -> String {
        switch action {
        case .send: "upload"
        case .resume(let id): "resume the upload \(id.prefix(12))…"
        case .replace: "replace"
        case .rename(let name): "upload as \(name)"
        case .alreadyThere: "already uploaded"
        case .skip: "skip, because a file with that name exists"
        case .fail(let error): "would fail: \(error)"
        }
    }

    private func summary(_ preview: UploadPreview) -> String {
        var text = "\(counted(preview.entries.count, "file")), \(ByteCount.text(preview.bytes)) to send"
        if explains { text += " over up to \(counted(preview.maximumConcurrency, "connection"))" }
        text += ", about \(counted(preview.calls, "call"))"
        guard let calls = preview.limits.calls else { return "\(text); there is no rate limit." }
        text += "; the rate limit is \(calls) per \(timeText(preview.limits.window / .seconds(1)))"
        guard preview.shortestTime > .zero else { return "\(text), which does not slow this down." }
        return "\(text), so this takes at least \(timeText(preview.shortestTime / .seconds(1)))."
    }

    private func line(_ entry: UploadPreview.Entry) -> JSONLine {
        var newName: String?
        if case .rename(let other) = entry.action { newName = other }
        let (name, error): (String, (any Error)?) =
            switch entry.action {
            case .send: ("upload", nil)
            case .resume: ("resume", nil)
            case .replace: ("replace", nil)
            case .rename: ("rename", nil)
            case .alreadyThere: ("already_there", nil)
            case .skip: ("skip", nil)
            case .fail(let error): ("fail", error)
            }
        return JSONLine("plan").with("path", entry.item.source.string).with("name", entry.item.remotePath)
            .with("action", name).with("new_name", newName).with("size", entry.size).with("parts", entry.plan?.parts)
            .with("part_size", entry.plan?.partSize).with("reason", entry.plan?.reason)
            .with("code", error.map(errorCode)).with("message", error.map { "\($0)" })
    }
}
