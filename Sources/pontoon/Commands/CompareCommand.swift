import ArgumentParser
import PontoonClient
import SystemPackage

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare a local folder with a project or folder on the server, by name, length and checksum.",
        discussion: """
            The exit code is 0 if both folders contain the same files, 7 if any files differ, 4 if files exist only \
            locally or only on the server, and 8 if local files or folders could not be read or were skipped. If both \
            4 and 8 apply, it is 1. Files that --exclude matches and empty folders are ignored.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "Local folder.", completion: .directory)
    var folder: String

    @Argument(help: "Path owner/project/folder on the server, or the id of a folder.", completion: .remotePath)
    var place: String

    @Option(help: ArgumentHelp("Compare only files that match. Repeatable.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("Skip files and folders that match. Repeatable.", valueName: "pattern"))
    var exclude: [String] = []

    @Flag(help: "Compare names and lengths only, without reading local files.")
    var quick = false

    func run() async throws {
        try await runCommand(json: common.json) { [self] in
            try await common.withClient { client in
                var (failures, count, unread) = ([ExitStatus](), 0, 0)
                var comparison = TreeComparison(client, readsFiles: !quick)
                (comparison.include, comparison.exclude) = (include, exclude)
                let warnings = try await comparison.compare(FilePath(folder), with: try RemotePath(place)) { entry in
                    show(entry)
                    count += 1
                    if case .sameSize = entry.finding { unread += 1 }
                    if let status = Self.status(entry.finding) { failures.append(status) }
                }
                for warning in warnings { Output.standard.warn(warning, json: common.json) }
                if !common.json { summarize(count, bad: failures.count, unread: unread) }
                return CommandEnd(
                    // Different content takes precedence over all other findings.
                    failures.contains(.checksumsDiffer) ? .checksumsDiffer : ExitStatus(failures),
                    counts: ["files": Int64(count), "bad": Int64(failures.count)]
                )
            }
        }
    }

    private func show(_ entry: TreeComparison.Entry) {
        let (name, detail): (String, String?) =
            switch entry.finding {
            case .same: ("same", nil)
            case .sameSize: ("same_size", nil)
            case .different(let reason): ("different", reason)
            case .onlyHere: ("only_here", nil)
            case .onlyThere: ("only_there", nil)
            case .failed(let error): ("failed", "\(error)")
            case .skipped(let reason): ("not_compared", reason)
            }
        if common.json {
            Output.standard.printLine(
                JSONLine(name).with("name", entry.name).with("path", entry.path?.string).with("file_id", entry.fileID)
                    .with("message", detail).text
            )
        } else if !entry.isSame {
            let text = name.replacing("_", with: " ")
            Output.standard.printLine("\(entry.name): \(text)\(detail.map { ", \($0)" } ?? "")")
        }
    }

    private func summarize(_ count: Int, bad: Int, unread: Int) {
        let lengths = unread > 0 ? " (\(unread) compared by length only)" : ""
        Output.standard.printMessage("\(count - bad) of \(counted(count, "file")) identical\(lengths).")
    }

    private static func status(_ finding: TreeComparison.Finding) -> ExitStatus? {
        switch finding {
        case .same, .sameSize: nil
        case .different: .checksumsDiffer
        case .onlyHere, .onlyThere: .notFound
        case .failed(let error): ExitStatus(error)
        case .skipped: .localFile
        }
    }
}
