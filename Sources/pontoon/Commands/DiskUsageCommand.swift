import ArgumentParser
import PontoonClient
import PontoonCore

struct DiskUsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "du",
        abstract: "Show the total size of the files in each folder and its subfolders.",
        discussion: """
            As with 'du', the subfolders of a folder are printed before the folder itself. Only files that meet the \
            conditions are counted.
            """
    )

    @Argument(help: "Paths owner/project/folder, patterns, or ids.", completion: .remotePath)
    var places: [String]

    @Flag(name: [.short, .long], help: "Show only the total for each argument.")
    var summarize = false

    @Option(
        name: [.customShort("d"), .long],
        help: ArgumentHelp("Show only subfolders up to this depth.", valueName: "n")
    )
    var maxDepth: Int?

    @OptionGroup(title: "Conditions") var filters: FilterArguments
    @OptionGroup(title: "Connection and output") var options: ListingOptions

    func validate() throws {
        guard maxDepth ?? 0 >= 0 else { throw ValidationError("--max-depth must be 0 or more.") }
        guard !summarize || maxDepth == nil else {
            throw ValidationError("--summarize and --max-depth cannot be combined.")
        }
    }

    /// The number and the total length of the files in a folder and its subfolders.
    private struct Total {
        var bytes: Int64 = 0
        var files: Int64 = 0

        static func += (total: inout Total, other: Total) {
            total.bytes = total.bytes.addingClamped(other.bytes)
            total.files += other.files
        }
    }

    func run() async throws {
        try await runCommand(json: options.json) { [self] in
            var filter = try filters.filter
            filter.kind = .file
            return try await options.common.withClient { [filter] client in
                // The totals of the folders in the path of the current entry, outermost first.
                var open: [Total] = []
                var place: RemoteWalk.Start?
                let failures = try await options.list(places, client, filter: filter, depth: .everything) {
                    start,
                    step in
                    // If an error stopped the list of the previous place, its totals are still open.
                    if place.map({ $0 != start }) ?? true { (place, open) = (start, []) }
                    switch step {
                    case .entering: open.append(Total())
                    case .leaving(let path): close(path, &open)
                    case .found(let entry):
                        let total = Total(bytes: entry.file.size ?? 0, files: 1)
                        if open.isEmpty { show(entry.path, total) } else { open[open.count - 1] += total }
                    case .failed: break
                    }
                }
                return CommandEnd(ExitStatus(failures), counts: ["places": Int64(places.count)])
            }
        }
    }

    private func close(_ path: String, _ open: inout [Total]) {
        guard let total = open.popLast() else { return }
        if !open.isEmpty { open[open.count - 1] += total }
        let depth = open.count
        if depth == 0 || !summarize && depth <= maxDepth ?? .max { show(path, total) }
    }

    private func show(_ path: String, _ total: Total) {
        options.printLine(
            json: JSONLine("total").with("path", path).with("bytes", total.bytes).with("files", total.files),
            columns: [String(total.bytes), String(total.files), path],
            text: "\(ByteCount.text(total.bytes).leftPadded(11))  \(counted(Int(total.files), "file"))  \(path)"
        )
    }
}
