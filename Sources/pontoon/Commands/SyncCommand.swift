import ArgumentParser
import PontoonFoundation
import PontoonClient
import SystemPackage

struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Synchronize a local folder with a folder on the server, in one direction.",
        discussion: """
            Identical files are skipped, and files that differ are replaced. With --delete, files that exist only at \
            the destination are deleted at the end, unless anything failed. The contents of the source are copied to \
            the destination, with or without trailing slashes. A path is local if it exists on this machine or begins \
            with '.' or '/'. Otherwise, it is a path on the server, such as owner/project/folder, or an id.
            """
    )

    @Argument(help: "Local folder, or path or id of a folder or project on the server.", completion: .directory)
    var source: String

    @Argument(
        help: "Folder on the other side, given in the same way. Missing folders are created.",
        completion: .directory
    )
    var destination: String

    @Flag(help: "The source is local, and the destination is on the server.")
    var upload = false

    @Flag(help: "The source is on the server, and the destination is local.")
    var download = false

    @OptionGroup(title: "Synchronization") var sync: SyncArguments
    @OptionGroup(title: "Transfer") var transfer: TransferBasics
    @OptionGroup(title: "Connection and output") var common: CommonOptions

    func validate() throws {
        guard !(upload && download) else { throw ValidationError("--upload and --download cannot be combined.") }
        _ = try isUpload()
    }

    func run() async throws {
        let isUpload = try isUpload()
        let afterInterruption = sync.filter.dryRun ? nil : "Run the same command again to continue."
        try await runCommand(json: common.json, afterInterruption: afterInterruption) { [self] in
            try transfer.traffic.report.begin(json: common.json)
            let listed = try await sync.filter.listed()
            return try await common.withClient(isTransfer: true) { client in
                var tree = TreeSync(client, folder: FilePath(isUpload ? source : destination))
                (tree.include, tree.exclude, tree.listed) = (sync.filter.include, sync.filter.exclude, listed)
                (tree.comparesOnlySizes, tree.findsExtras) = (sync.sizeOnly, sync.delete)
                let remote = try RemotePath(isUpload ? destination : source)
                return isUpload
                    ? try await upload(tree, to: remote, client) : try await download(tree, from: remote, client)
            }
        }
    }

    /// Returns whether the source is local and the destination is on the server.
    ///
    /// Without `--upload` and `--download`, this is inferred from the paths.
    ///
    /// - Throws: `ValidationError` if both paths seem to be local, or both seem to be on the server.
    private func isUpload() throws -> Bool {
        if upload || download { return upload }
        let isLocal = [source, destination].map { path in
            path.hasPrefix("/") || path.hasPrefix(".") || FileManager.default.fileExists(atPath: path)
                || (try? RemotePath(path)) == nil
        }
        guard isLocal[0] != isLocal[1] else {
            let places = isLocal[0] ? "local paths" : "paths on the server"
            throw ValidationError(
                "'\(source)' and '\(destination)' both look like \(places). Begin the local path with './', or pass "
                    + "--upload or --download."
            )
        }
        return isLocal[0]
    }

    private func upload(
        _ tree: TreeSync,
        to path: RemotePath,
        _ client: SevenBridgesClient
    ) async throws -> CommandEnd {
        let (existing, missing) = try await client.existingPart(of: path)
        let plan = try await tree.planUpload(to: missing.isEmpty ? existing : nil)
        for warning in plan.warnings { Output.standard.warn(warning, json: common.json) }
        var options = UploadOptions(destination: existing)
        options.transfer = transferOptions
        options.comparesAlways = true
        if options.transfer.resumes { options.stateDirectory = CommonOptions.stateDirectory }
        if sync.filter.dryRun {
            let preview = try await Uploader(client, options: options).preview(plan.items, in: missing)
            let end = PreviewReport(json: common.json, explains: false).show(preview)
            return try await SyncDeletions(tree, plan, sync, json: common.json).run(after: end, in: existing)
        }
        let files = try await ResultFiles(receipt: transfer.receipt, failedTo: sync.filter.failedTo)
        let report = report(.upload, plan.items)
        let (place, results) = try await files.discardedOnError {
            options.destination = try await client.makeFolders(path)
            let uploader = Uploader(client, options: options)
            return (options.destination, try await uploader.upload(plan.items) { await report.follow($0) })
        }
        let end = report.finish(results)
        let failed = results.filter { !$0.isSuccess }.map { FilePath($0.item.remotePath) }
        try files.write(
            receipt: Receipt(results, endpoint: client.endpoint, destination: place),
            failedPaths: PathList(failed).data
        )
        return try await SyncDeletions(tree, plan, sync, json: common.json).run(after: end, in: place)
    }

    private func download(
        _ tree: TreeSync,
        from path: RemotePath,
        _ client: SevenBridgesClient
    ) async throws -> CommandEnd {
        let plan = try await tree.planDownload(of: path)
        for warning in plan.warnings { Output.standard.warn(warning, json: common.json) }
        var options = DownloadOptions()
        options.transfer = transferOptions
        let downloader = Downloader(client, options: options)
        if sync.filter.dryRun {
            let end = PreviewReport(json: common.json, explains: false).show(try await downloader.preview(plan.items))
            return try await SyncDeletions(tree, plan, sync, json: common.json).run(after: end, in: plan.place)
        }
        let files = try await ResultFiles(receipt: transfer.receipt, failedTo: sync.filter.failedTo)
        let report = report(.download, plan.items)
        let results = try await files.discardedOnError {
            try await downloader.download(plan.items) { await report.follow($0) }
        }
        let end = report.finish(results)
        let failed = results.filter { !$0.isSuccess }.map { FilePath($0.item.remotePath) }
        try files.write(receipt: Receipt(results, endpoint: client.endpoint), failedPaths: PathList(failed).data)
        return try await SyncDeletions(tree, plan, sync, json: common.json).run(after: end, in: plan.place)
    }

    private func report<Item>(_ direction: TransferDirection, _ items: [Item]) -> TransferReport<Item> {
        TransferReport(
            direction: direction,
            json: common.json,
            items: items,
            detail: .changes,
            stats: transfer.traffic.report.stats
        )
    }

    private var transferOptions: TransferOptions {
        var options = transfer.options
        options.conflictPolicy = .overwrite
        return options
    }
}

/// The options that only `pontoon sync` has.
struct SyncArguments: ParsableArguments {
    @Flag(help: "Delete files that exist only at the destination, unless anything failed.")
    var delete = false

    @Option(
        help: ArgumentHelp("With --delete, delete at most this many files, and report how many remain.", valueName: "n")
    )
    var maxDelete: Int?

    @Flag(help: "Treat files of the same length as identical, without reading them.")
    var sizeOnly = false

    @OptionGroup var filter: ListArguments

    func validate() throws {
        guard maxDelete == nil || delete else { throw ValidationError("--max-delete requires --delete.") }
        guard maxDelete ?? 0 >= 0 else { throw ValidationError("--max-delete must be 0 or more.") }
        guard !delete || filter.filesFrom == nil else {
            throw ValidationError("--delete and --files-from cannot be combined.")
        }
    }
}

/// The last step of a synchronization, which deletes files that exist only at the destination.
struct SyncDeletions<Item: TransferItem>: Sendable {
    private let tree: TreeSync
    private let plan: TreeSync.Plan<Item>
    private let arguments: SyncArguments
    private let json: Bool

    init(_ tree: TreeSync, _ plan: TreeSync.Plan<Item>, _ arguments: SyncArguments, json: Bool) {
        (self.tree, self.plan, self.arguments, self.json) = (tree, plan, arguments, json)
    }

    /// Deletes the files that exist only at the destination, up to `--max-delete`; in a dry run, only prints them.
    ///
    /// Does nothing without `--delete`. Deletes nothing if a transfer failed or a side could not be listed completely.
    ///
    /// - Parameters:
    ///   - end: The result of the transfers.
    ///   - place: The synchronized project or folder on the server; `nil` if it does not exist.
    /// - Returns: The result of the command.
    /// - Throws: ``APIError``, ``ClientError``; `CancellationError`.
    func run(after end: CommandEnd, in place: UploadDestination?) async throws -> CommandEnd {
        let end = end.adding("unchanged", plan.unchanged)
        guard arguments.delete else { return end }
        guard end.status == .done, plan.isComplete else {
            Output.standard.warn("Nothing was deleted, because some files failed or could not be listed.", json: json)
            return end.adding("deleted", 0).failing(end.status == .done ? [.mixed] : [])
        }
        let chosen = plan.extras.prefix(arguments.maxDelete ?? .max)
        var failures: [ExitStatus] = []
        if arguments.filter.dryRun {
            for extra in chosen { show(extra, nil, as: ("would_delete", "would be deleted")) }
        } else if let place {
            let failed = Failures()
            try await tree.delete(Array(chosen), in: place) { extra, error in
                if let error { await failed.add(ExitStatus(error)) }
                show(extra, error, as: ("deleted", "deleted"))
            }
            failures = await failed.all
        }
        let deleted = chosen.count - failures.count
        if chosen.count < plan.extras.count {
            let count = counted(plan.extras.count - chosen.count, "more file")
            Output.standard.warn("\(count) would have been deleted without --max-delete.", json: json)
            failures.append(.mixed)
        }
        return end.adding("deleted", arguments.filter.dryRun ? 0 : deleted).failing(failures)
    }

    private actor Failures {
        private(set) var all: [ExitStatus] = []
        func add(_ status: ExitStatus) { all.append(status) }
    }

    private func show(_ extra: TreeSync.Extra, _ error: (any Error)?, as action: (event: String, text: String)) {
        if json {
            Output.standard.printLine(
                JSONLine(error == nil ? action.event : "failed").with("name", extra.name)
                    .with("path", extra.path?.string).with("file_id", extra.fileID)
                    .with("code", error.map(errorCode)).with("message", error.map { "\($0)" }).text
            )
        } else if let error {
            Output.standard.printMessage("pontoon: \(extra.name): \(error)")
        } else if arguments.filter.dryRun {
            Output.standard.printLine("\(extra.name): \(action.text)")
        } else {
            Output.standard.printMessage("\(extra.name): \(action.text)", isProblem: false)
        }
    }
}
