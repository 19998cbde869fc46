import PontoonClient
import SystemPackage

/// The output of `pontoon watch`: a line for each change of a run's state.
struct WatchReport: Sendable {
    let json: Bool
    /// The destination as given on the command line.
    let destination: String

    /// Prints a notice about a run, including the first problems of the run's files.
    func show(_ notice: RunNotice) {
        if json {
            Output.standard.printLine(line(notice).text)
        } else {
            let isProblem = [.different, .failed, .timedOut, .removed, .waiting].contains(notice.state)
            Output.standard.printMessage("\(notice.run): \(text(notice))", isProblem: isProblem)
            for problem in notice.problems { Output.standard.printMessage("  \(problem)") }
            let rest = notice.problemCount - notice.problems.count
            if rest > 0 { Output.standard.printMessage("  … and \(counted(rest, "more problem"))") }
        }
    }

    /// Returns the path of the run at the destination.
    ///
    /// If the destination was given by id, returns the id of the run's folder, or an empty string if it is unknown.
    func destination(of notice: RunNotice) -> String {
        guard destination.contains("/") else { return notice.folderID ?? "" }
        return ([destination] + notice.folders).joined(separator: "/")
    }

    /// Returns the exit status for a run that has ended; `nil` if it is complete.
    static func status(_ notice: RunNotice) -> ExitStatus? {
        switch notice.state {
        case .complete: nil
        case .different: .checksumsDiffer
        case .timedOut, .removed: .notFound
        default: notice.error.map { ExitStatus($0) } ?? .mixed
        }
    }

    private func text(_ notice: RunNotice) -> String {
        let files = "\(counted(notice.files, "file")), \(ByteCount.text(notice.bytes))"
        let reason = notice.error.map { ": \($0)" } ?? ""
        switch notice.state {
        case .found: return "found"
        case .uploading: return "uploading, \(files) so far"
        case .marked: return "all markers are present; \(files)"
        case .comparing: return "uploaded, comparing"
        case .complete:
            let extra = notice.extraFiles > 0 ? "; \(counted(notice.extraFiles, "more file")) at the destination" : ""
            return "complete, \(files)\(extra)" + (notice.receipt.map { "; receipt in \($0)" } ?? "")
        case .different: return "different\(reason)"
        case .failed: return "failed\(reason)"
        case .timedOut: return "abandoned\(reason)"
        case .removed: return "removed before it was complete"
        case .changed: return "changed, watching it again"
        case .waiting: return "will be retried\(reason)"
        }
    }

    private func line(_ notice: RunNotice) -> JSONLine {
        JSONLine("run").with("path", notice.run.string).with("state", notice.state.rawValue)
            .with("destination", destination(of: notice)).with("files", notice.files).with("bytes", notice.bytes)
            .with("receipt", notice.receipt?.string)
            .with("extra_files", notice.extraFiles > 0 ? notice.extraFiles : nil)
            .with("problems", notice.problems).with("code", notice.error.map(errorCode))
            .with("message", notice.error.map { "\($0)" })
    }
}
