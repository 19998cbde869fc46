import PontoonClient
import SystemPackage

/// What `--dry-run` and `--explain` show.
struct ForecastReport {
    let json: Bool
    /// Whether parts are shown, and why they are as they are.
    let explains: Bool

    /// Shows it.
    ///
    /// - Returns: How the run would end, as far as can be known.
    func show(_ forecast: UploadForecast) -> Ending {
        for entry in forecast.entries { Output.standard.say(json ? line(entry).text : sentence(entry).printable) }
        if json {
            Output.standard.say(
                JSONLine("planned").with("files", forecast.entries.count).with("bytes", forecast.bytes)
                    .with("calls", forecast.calls).with("call_limit", forecast.limits.calls)
                    .with("shortest_seconds", forecast.shortestTime / .seconds(1)).text
            )
        } else {
            Output.standard.say(summary(forecast))
        }
        return Ending(
            forecast.entries.compactMap { entry -> Ending? in
                guard case .fail(let error) = entry.action else { return nil }
                return Ending(error)
            }
        )
    }

    private func sentence(_ entry: UploadForecast.Entry) -> String {
        var text = "\(entry.item.source) → \(entry.item.remotePath): \(words(entry.action))"
        if explains, let plan = entry.plan {
            text += ", \(ByteCount.text(plan.size)) in \(counted(plan.parts, "part"))"
            text += " of \(ByteCount.text(plan.partSize)) (\(plan.reason))"
        }
        return text
    }

    private func words(_ action: UploadForecast.Action) -> String {
        switch action {
        case .send: "upload"
        case .resume(let id): "go on with the upload \(id.prefix(12))…"
        case .replace: "replace"
        case .alreadyThere: "already there"
        case .skip: "leave out, a file of that name is there"
        case .fail(let error): "would fail: \(error)"
        }
    }

    private func summary(_ forecast: UploadForecast) -> String {
        var text = "\(counted(forecast.entries.count, "file")), \(ByteCount.text(forecast.bytes)) to send"
        text += ", about \(counted(forecast.calls, "call"))"
        guard let calls = forecast.limits.calls else { return "\(text); there is no limit of calls to speak of." }
        text += "; the limit is \(calls) in \(timeText(forecast.limits.window / .seconds(1)))"
        guard forecast.shortestTime > .zero else { return "\(text), which does not hold this up." }
        return "\(text), so it takes \(timeText(forecast.shortestTime / .seconds(1))) or more on any link."
    }

    private func line(_ entry: UploadForecast.Entry) -> JSONLine {
        let (name, error): (String, (any Error)?) =
            switch entry.action {
            case .send: ("upload", nil)
            case .resume: ("resume", nil)
            case .replace: ("replace", nil)
            case .alreadyThere: ("already_there", nil)
            case .skip: ("skip", nil)
            case .fail(let error): ("fail", error)
            }
        return JSONLine("plan").with("path", entry.item.source.string).with("name", entry.item.remotePath)
            .with("action", name).with("size", entry.size).with("parts", entry.plan?.parts)
            .with("part_size", entry.plan?.partSize).with("reason", entry.plan?.reason)
            .with("code", error.map(errorCode)).with("message", error.map { "\($0)" })
    }
}
