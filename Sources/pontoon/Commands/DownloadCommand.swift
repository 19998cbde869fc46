import ArgumentParser
import PontoonFoundation
import PontoonClient
import SystemPackage

struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Download files, folders and projects. Run the same command again to resume.",
        discussion: """
            Folders are downloaded with all of their subfolders. A path with a trailing slash selects the contents of \
            the folder, and a path without one selects the folder itself. A file appears under its name only when it \
            is complete and, if the server provides its checksum, verified. With '--output -', files are written to \
            standard output, as with 'pontoon cat'. Add --tar to write a folder as a tar archive.
            """
    )

    @Argument(
        help: """
            Ids or paths of files and folders, such as owner/project/folder; with --project, paths in that project.
            """,
        completion: .remotePath
    )
    var paths: [String] = []

    @Option(
        help: ArgumentHelp(
            "Project that contains the paths. Without paths, the whole project is downloaded.",
            valueName: "id"
        ),
        completion: .project
    )
    var project: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "Destination folder, path for a single file, or '-' for standard output. Default: the current folder.",
            valueName: "path"
        ),
        completion: .file()
    )
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Maximum number of bytes per request, at least 64K. Increased for very large files.",
            valueName: "bytes"
        )
    )
    var rangeSize = ByteCount(bytes: 16 << 20)

    @Flag(help: "Write a folder to standard output as a tar archive. Requires '--output -'.")
    var tar = false

    @OptionGroup(title: "Selection") var filter: ListArguments
    @OptionGroup(title: "Transfer") var transfer: TransferArguments
    @OptionGroup(title: "Connection and output") var common: CommonOptions

    func validate() throws {
        guard !paths.isEmpty || project != nil || filter.filesFrom != nil else {
            throw ValidationError("Pass paths, --files-from or --project.")
        }
        guard rangeSize.bytes >= 64 << 10 else { throw ValidationError("--range-size must be at least 64K.") }
        guard output == "-" else {
            if tar { throw ValidationError("--tar requires '--output -'.") }
            return
        }
        guard !tar || paths.count <= 1 else {
            throw ValidationError("With --tar, pass the path of one folder.")
        }
        let isUnusable =
            common.json || transfer.receipt != nil || filter.dryRun || filter.failedTo != nil || filter.filesFrom != nil
        guard !isUnusable, filter.include.isEmpty, filter.exclude.isEmpty else {
            throw ValidationError(
                """
                '--output -' cannot be combined with --json, --receipt, --dry-run, --failed-to, --files-from, \
                --include or --exclude.
                """
            )
        }
    }

    func run() async throws {
        if tar {
            let archive = StandardOutputArchive(path: paths.first, project: project, options: options)
            return try await archive.run(common, transfer.traffic.report)
        }
        if output == "-" {
            let stream = StandardOutputDownload(paths: paths, project: project, options: options, detail: .all)
            return try await stream.run(common, transfer.traffic.report)
        }
        try await runCommand(json: common.json, afterInterruption: transfer.afterInterruption) { [self] in
            try transfer.traffic.report.begin(json: common.json)
            return try await common.withClient(isTransfer: true) { client in
                let found = try await selection().resolve(client)
                for warning in found.warnings { Output.standard.warn(warning, json: common.json) }
                let items = found.items
                guard !items.isEmpty else { throw Self.nothing }
                if filter.dryRun {
                    let report = PreviewReport(json: common.json, explains: false)
                    return report.show(try await Downloader(client, options: options).preview(items))
                }
                let report = TransferReport(
                    direction: .download,
                    json: common.json,
                    items: items,
                    stats: transfer.traffic.report.stats
                )
                let files = try await ResultFiles(receipt: transfer.receipt, failedTo: filter.failedTo)
                let results = try await files.discardedOnError {
                    try await Downloader(client, options: options).download(items) { await report.follow($0) }
                }
                let end = report.finish(results)
                let failed = results.filter { !$0.isSuccess }.map(\.item)
                try files.write(
                    receipt: Receipt(results, endpoint: client.endpoint),
                    failedPaths: PathList(failed.map { FilePath($0.listedPath ?? $0.remotePath) }).data
                )
                return end
            }
        }
    }

    private var options: DownloadOptions {
        var options = DownloadOptions()
        options.transfer = transfer.options
        options.rangeSize = rangeSize.bytes
        return options
    }

    private func selection() async throws -> DownloadSelection {
        var selection = DownloadSelection()
        (selection.sources, selection.project, selection.output) = (paths, project, output)
        (selection.include, selection.exclude) = (filter.include, filter.exclude)
        if let list = try await filter.listed() {
            selection.listed = list.map(\.string)
            // An empty list selects nothing, not the whole project.
            guard !list.isEmpty || !paths.isEmpty else { throw Self.nothing }
        }
        return selection
    }

    private static let nothing = ClientError(
        .notFound,
        "There is nothing to download.",
        advice: "List the project's files with 'pontoon ls'."
    )
}
