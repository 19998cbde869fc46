import ArgumentParser
import PontoonClient
import SystemPackage

struct CatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Write files to standard output, one after another.",
        discussion: """
            Ranges of a file are downloaded in parallel, buffered in memory up to --max-memory, and written in order. \
            If the server provides a checksum of the file, it is compared when all bytes have been written. If the \
            checksum differs (exit code 7) or the command fails for another reason, you must discard the output.
            """
    )

    @Argument(
        help: "Ids or paths of files, such as owner/project/folder/file; with --project, paths in that project."
    )
    var paths: [String]

    @Option(help: ArgumentHelp("Project that contains the paths.", valueName: "id"))
    var project: String?

    @OptionGroup(title: "Transfer") var traffic: TrafficArguments
    @OptionGroup(title: "Connection and output") var common: CommonOptions

    func validate() throws {
        guard !common.json else {
            throw ValidationError("--json cannot be used, because the files are written to standard output.")
        }
    }

    func run() async throws {
        var options = DownloadOptions()
        traffic.apply(to: &options.transfer)
        let download = StandardOutputDownload(paths: paths, project: project, options: options, detail: .problems)
        try await download.run(common, traffic.report)
    }
}

/// A download of files to standard output.
struct StandardOutputDownload: Sendable {
    let paths: [String]
    let project: String?
    let options: DownloadOptions
    /// The results to print if standard output is not a terminal.
    ///
    /// `pontoon cat` prints only problems, like cat(1).
    let detail: TransferDetail

    func run(_ common: CommonOptions, _ arguments: ReportArguments) async throws {
        try await runCommand(json: false) { [self] in
            try arguments.begin(json: false)
            return try await common.withClient(isTransfer: true) { client in
                let items = try await items(client)
                let report = TransferReport(
                    direction: .download,
                    json: false,
                    items: items,
                    detail: Terminal.isTerminal(.output) ? .problems : detail,
                    stats: arguments.stats
                )
                let results = try await Downloader(client, options: options).stream(items) { bytes in
                    try await Output.standard.write(bytes)
                } observe: {
                    await report.follow($0)
                }
                return report.finish(results)
            }
        }
    }

    /// Looks up the files.
    ///
    /// A path that does not exist or is a folder becomes a failed item, and the other files are downloaded.
    private func items(_ client: SevenBridgesClient) async throws -> [DownloadItem] {
        guard !paths.isEmpty else {
            throw ClientError(.requestInvalid, "No file was given.", advice: "Pass the ids or paths of files.")
        }
        var items: [DownloadItem] = []
        for text in paths {
            do {
                guard let file = try await client.find(try RemotePath(text, in: project)), !file.isFolder else {
                    throw ClientError(
                        .requestInvalid,
                        "'\(text)' is a folder or project, not a file.",
                        advice: "Pass the paths of files, or download the folder with 'pontoon download'."
                    )
                }
                items.append(DownloadItem(file, remotePath: text, target: "-"))
            } catch  where !error.concernsEveryRequest {
                items.append(DownloadItem(failed: text, target: "-", problem: error))
            }
        }
        return items
    }
}
