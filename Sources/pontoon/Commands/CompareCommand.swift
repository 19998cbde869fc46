import ArgumentParser
import PontoonClient
import SystemPackage

/// The command `pontoon compare`.
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare a folder here with a project or folder at the server, by names, lengths and checksums.",
        discussion: """
            It ends with 0 only when both have the same files: 7 when files differ, 4 when files are at one end only. \
            Folders without files do not count.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "Folder here.", completion: .directory)
    var folder: String

    @Argument(help: "owner/project, with names of folders behind it, or a folder's id.")
    var place: String

    @Flag(help: "Compare names and lengths only; files here are not read.")
    var quick = false

    func run() async throws {
        try await running(json: common.json) { [self] in
            try await common.withClient { client in
                var (endings, count, unread) = ([Ending](), 0, 0)
                let comparison = TreeComparison(client, readsFiles: !quick)
                let warnings = try await comparison.compare(FilePath(folder), with: try RemotePath(place)) { entry in
                    show(entry)
                    count += 1
                    if case .sameSize = entry.finding { unread += 1 }
                    if let ending = Self.ending(entry.finding) { endings.append(ending) }
                }
                for warning in warnings { Output.standard.warn(warning, json: common.json) }
                end(count, bad: endings.count, unread: unread)
                // Bytes that differ weigh most.
                return endings.contains(.checksumsDiffer) ? .checksumsDiffer : Ending(endings)
            }
        }
    }

    private func show(_ entry: TreeComparison.Entry) {
        let (word, detail): (String, String?) =
            switch entry.finding {
            case .same: ("same", nil)
            case .sameSize: ("same_size", nil)
            case .different(let how): ("different", how)
            case .onlyHere: ("only_here", nil)
            case .onlyThere: ("only_there", nil)
            case .failed(let error): ("failed", "\(error)")
            }
        if common.json {
            Output.standard.say(
                JSONLine(word).with("name", entry.name).with("path", entry.path?.string).with("file_id", entry.fileID)
                    .with("message", detail).text
            )
        } else if !entry.isSame {
            let words = word.replacing("_", with: " ")
            Output.standard.say("\(entry.name): \(words)\(detail.map { ", \($0)" } ?? "")".printable)
        }
    }

    private func end(_ count: Int, bad: Int, unread: Int) {
        if common.json {
            return Output.standard.say(JSONLine("finished").with("files", count).with("bad", bad).text)
        }
        let lengths = unread > 0 ? ", \(unread) of them by length only" : ""
        Output.standard.note("\(counted(count - bad, "file")) of \(count) the same\(lengths).")
    }

    private static func ending(_ finding: TreeComparison.Finding) -> Ending? {
        switch finding {
        case .same, .sameSize: nil
        case .different: .checksumsDiffer
        case .onlyHere, .onlyThere: .notFound
        case .failed(let error): Ending(error)
        }
    }
}
