import ArgumentParser
import PontoonFoundation
import PontoonClient
import SystemPackage

struct UploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Upload files and folders. Run the same command again to resume.",
        discussion: """
            By default, all files in a folder and its subfolders are uploaded to the same destination folder. \
            --keep-tree recreates the folders: a path with a trailing slash then stands for the contents of the \
            folder, and a path without one for the folder itself. Pass the destination, owner/project/folder, with \
            --to or as the last argument. 'pontoon upload - --name NAME' uploads standard input. Such an upload cannot \
            be resumed.

            --include and --exclude take patterns as in .gitignore: 'logs' matches in every subfolder, '/logs' only at \
            the top level. 'logs/' matches only folders, '**' any number of folders, and {a,b} matches a or b.
            """
    )

    @OptionGroup(title: "Files") var selection: SelectionArguments
    @OptionGroup(title: "Destination") var destination: DestinationArguments
    @OptionGroup(title: "Transfer") var transfer: TransferArguments
    @OptionGroup(title: "Upload") var upload: UploadArguments
    @OptionGroup(title: "Connection and output") var common: CommonOptions

    func validate() throws {
        _ = try places()
        guard upload.onConflict == nil || !(transfer.overwrite || transfer.skipExisting) else {
            throw ValidationError("--on-conflict cannot be combined with --overwrite or --skip-existing.")
        }
    }

    func run() async throws {
        let (sources, path) = try places()
        if sources.contains("-") { return try await uploadStandardInput(sources, to: path) }
        try await runCommand(json: common.json, afterInterruption: transfer.afterInterruption) { [self] in
            try transfer.traffic.report.begin(json: common.json)
            let found = try await abandonable { [selection] in try selection.resolve(sources) }
            for warning in found.warnings { Output.standard.warn(warning, json: common.json) }
            // It is not an error if all files are younger than --min-age: the receipt and the list of failed files are
            // written.
            guard !found.items.isEmpty || found.youngFiles > 0 else {
                throw ClientError(.requestInvalid, "There is nothing to upload.", advice: "Pass files or folders.")
            }
            return try await common.withClient(isTransfer: true) { client in
                if upload.isPreview {
                    let (destination, missing) = try await client.existingPart(of: path)
                    let uploader = Uploader(client, options: options(destination))
                    let report = PreviewReport(json: common.json, explains: upload.explain)
                    return report.show(try await uploader.preview(found.items, in: missing))
                }
                return try await run(found.items, to: path, client)
            }
        }
    }

    private func places() throws -> (sources: [String], destination: RemotePath) {
        try destination.split(selection.paths, hasOtherSources: selection.hasLists)
    }

    private func run(
        _ items: [UploadItem],
        to path: RemotePath,
        _ client: SevenBridgesClient
    ) async throws -> CommandEnd {
        let report = TransferReport(
            direction: .upload,
            json: common.json,
            items: items,
            stats: transfer.traffic.report.stats
        )
        let files = try await ResultFiles(receipt: transfer.receipt, failedTo: upload.failedTo)
        let (destination, results) = try await files.discardedOnError {
            let destination = try await client.makeFolders(path)
            let uploader = Uploader(client, options: options(destination))
            return (destination, try await uploader.upload(items) { await report.follow($0) })
        }
        let end = report.finish(results)
        let failed = results.filter { !$0.isSuccess }.map(\.item)
        try files.write(
            receipt: Receipt(results, endpoint: client.endpoint, destination: destination),
            failedPaths: PathList(failed.map { selection.keepTree ? $0.listedPath : $0.source }).data
        )
        return end
    }

    func options(_ destination: UploadDestination) -> UploadOptions {
        var options = UploadOptions(destination: destination)
        options.transfer = transfer.options
        if let rule = upload.onConflict { options.transfer.conflictPolicy = rule.policy }
        options.allowsChangingFiles = upload.allowChanging
        options.partSize = upload.partSize?.bytes
        if transfer.options.resumes {
            options.stateDirectory = upload.state.map { FilePath($0) } ?? CommonOptions.stateDirectory
        }
        options.uploadID = upload.uploadID
        options.adoptsUploads = upload.adopt
        options.computesMD5 = upload.md5
        return options
    }
}

/// The values of `--on-conflict`.
enum ConflictRule: String, CaseIterable, ExpressibleByArgument {
    case fail, skip, overwrite, rename

    var policy: TransferOptions.ConflictPolicy {
        switch self {
        case .fail: .fail
        case .skip: .skip
        case .overwrite: .overwrite
        case .rename: .rename
        }
    }
}

/// The options that only `pontoon upload` has.
struct UploadArguments: ParsableArguments {
    @Flag(help: "If a file changes during its upload, upload the bytes that were read instead of failing.")
    var allowChanging = false

    @Option(
        help: ArgumentHelp(
            """
            What to do if a different file has the same name: fail (the default), skip, overwrite, or rename the new \
            file to '_1_NAME'.
            """,
            valueName: "rule"
        )
    )
    var onConflict: ConflictRule?

    @Option(help: ArgumentHelp("Part size, from 5M to 5G. Default: chosen for each file.", valueName: "bytes"))
    var partSize: ByteCount?

    @Option(help: ArgumentHelp("Directory for the journals, which are needed to resume uploads.", valueName: "folder"))
    var state: String?

    @Option(
        help: ArgumentHelp("Resume the upload with this id, which another client may have started.", valueName: "id")
    )
    var uploadID: String?

    @Flag(
        help: """
            Resume an unfinished upload of the same file that was started elsewhere. Make sure that no other client is \
            still working on it.
            """
    )
    var adopt = false

    @Flag(
        help: """
            Also compute the MD5 of each file, which the server verifies and the receipt contains. Files are read twice.
            """
    )
    var md5 = false

    @Flag(help: "Print what would be uploaded, without uploading anything.")
    var dryRun = false

    @Flag(help: "Print each file's part size and the reason for it, without uploading anything.")
    var explain = false

    @Option(
        help: ArgumentHelp(
            "Write the paths of failed files to this file, for use with --files-from.",
            valueName: "file"
        )
    )
    var failedTo: String?

    var isPreview: Bool { dryRun || explain }
}

/// The arguments that select the files to upload.
struct SelectionArguments: ParsableArguments {
    @Argument(
        help: """
            Files, folders and shell patterns, or '-' for standard input. The last argument is the destination, unless \
            --to, --project, --parent or PONTOON_PROJECT names it.
            """,
        completion: .file()
    )
    var paths: [String] = []

    @Flag(help: "Recreate the folders at the destination.")
    var keepTree = false

    @Option(help: ArgumentHelp("In folders, upload only files that match. Repeatable.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("In folders, skip files and folders that match. Repeatable.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            Read more paths from this file, or from standard input if it is '-'. With --keep-tree, listed files keep \
            their folders.
            """,
            valueName: "file"
        )
    )
    var filesFrom: String?

    @Option(
        help: ArgumentHelp(
            "Send matching files last, and only if all others have succeeded. Repeatable.",
            valueName: "pattern"
        )
    )
    var last: [String] = []

    @Option(
        help: ArgumentHelp("Skip files modified less than this long ago, such as 5m or 2h.", valueName: "time")
    )
    var minAge: AgeOption?

    @Flag(
        name: [.customShort("0"), .customLong("from0")],
        help: "Paths in --files-from end with null characters, as printed by 'find -print0'. Default: detected."
    )
    var endsWithNull = false

    @Option(help: ArgumentHelp("Name at the destination. Allowed only for a single file.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Tag for all files. Repeatable.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Metadata for all files. Repeatable.", valueName: "key=value"))
    var meta: [String] = []

    @Option(help: ArgumentHelp("CSV file of paths and metadata. Its first column is 'File name'.", valueName: "file"))
    var manifest: String?

    func validate() throws {
        guard !endsWithNull || filesFrom != nil else { throw ValidationError("--from0 requires --files-from.") }
    }

    /// Whether `--files-from` or `--manifest` names files, in addition to the arguments.
    var hasLists: Bool { filesFrom != nil || manifest != nil }

    /// Reads the list of paths and the manifest, and finds the selected files.
    ///
    /// Blocks the calling thread.
    ///
    /// - Parameter sources: The arguments that name files, folders and patterns.
    /// - Returns: The files, and warnings.
    /// - Throws: ``ClientError`` if a list, manifest, pattern or metadata pair cannot be read or is not valid, or if
    ///   `--name` is given and the number of files is not 1.
    func resolve(_ sources: [String]) throws -> FileSelection.Result {
        var selection = FileSelection()
        selection.paths = sources
        selection.listed = try filesFrom.map { try PathList(file: $0, endsWithNull: endsWithNull).paths } ?? []
        selection.keepsTree = keepTree
        selection.keepsEmptyFolders = keepTree
        selection.include = include
        selection.exclude = exclude
        selection.last = last
        selection.minimumAge = .seconds(minAge?.seconds ?? 0)
        selection.tags = tag
        selection.metadata = try Self.metadata(meta)
        selection.manifest = try manifest.map { try Manifest(FilePath($0)) }
        var result = try selection.resolve()
        if let name {
            guard result.items.count == 1 else {
                throw ClientError(
                    .requestInvalid,
                    "--name applies to a single file, but \(result.items.count) files were selected."
                )
            }
            result.items[0].name = name
        }
        return result
    }

    /// Parses `key=value` pairs.
    ///
    /// If several pairs have the same key, the last one is used.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` for a pair without `=` or with an empty key.
    static func metadata(_ pairs: [String]) throws -> [String: String] {
        try pairs.reduce(into: [:]) { metadata, pair in
            guard let separator = pair.firstIndex(of: "="), separator > pair.startIndex else {
                throw ClientError(.requestInvalid, "'\(pair)' is not valid metadata.", advice: "Use key=value.")
            }
            metadata[String(pair[..<separator])] = String(pair[pair.index(after: separator)...])
        }
    }
}
