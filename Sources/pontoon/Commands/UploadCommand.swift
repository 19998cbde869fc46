import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

struct UploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Upload files and folders. Run the same command again to resume.",
        discussion: """
            All files in a folder are uploaded to the same destination folder; --keep-tree recreates the subfolders. A \
            path with a trailing slash means the folder's contents; without one, it means the folder itself. --include \
            and --exclude follow the rules of .gitignore: 'logs' matches in every subfolder, '/logs' only at the top, \
            'logs/' only folders, '**' any number of folders; {a,b} matches either. 'pontoon upload - --name NAME' \
            uploads standard input; it cannot be resumed.
            """
    )

    @OptionGroup(title: "Files") var selection: SelectionArguments
    @OptionGroup(title: "Destination") var destination: DestinationArguments
    @OptionGroup(title: "Transfer") var transfer: TransferArguments
    @OptionGroup(title: "Upload") var upload: UploadArguments
    @OptionGroup(title: "Connection and output") var common: CommonOptions

    func run() async throws {
        if readsStandardInput { return try await uploadStandardInput() }
        try await runCommand(json: common.json, afterInterruption: transfer.afterInterruption) { [self] in
            let found = try await abandonable { [selection] in try selection.resolve() }
            for warning in found.warnings { Output.standard.warn(warning, json: common.json) }
            guard !found.items.isEmpty else {
                throw ClientError(.requestInvalid, "There is nothing to upload.", advice: "Pass files or folders.")
            }
            return try await common.withClient(isTransfer: true) { client in
                let uploader = Uploader(client, options: options)
                if upload.isPreview {
                    let report = PreviewReport(json: common.json, explains: upload.explain)
                    return report.show(try await uploader.preview(found.items))
                }
                return try await run(uploader, found.items, endpoint: client.endpoint)
            }
        }
    }

    private func run(_ uploader: Uploader, _ items: [UploadItem], endpoint: Endpoint) async throws -> CommandEnd {
        let report = TransferReport(direction: .upload, json: common.json, items: items)
        let files = try await ResultFiles(receipt: transfer.receipt, failedTo: upload.failedTo)
        let results = try await files.discardedOnError {
            try await uploader.upload(items) { await report.follow($0) }
        }
        let end = report.finish(results)
        let failed = results.filter { !$0.isSuccess }.map(\.item)
        try files.write(
            receipt: Receipt(results, endpoint: endpoint, destination: destination.value),
            failedPaths: PathList(failed.map { selection.keepTree ? $0.listedPath : $0.source }).data
        )
        return end
    }

    var options: UploadOptions {
        var options = UploadOptions(destination: destination.value)
        options.transfer = transfer.options
        options.allowsChangingFiles = upload.allowChanging
        options.partSize = upload.partSize?.bytes
        if transfer.options.resumes {
            options.stateDirectory = upload.state.map { FilePath($0) } ?? CommonOptions.stateDirectory
        }
        options.uploadID = upload.uploadID
        options.adoptsUploads = upload.adopt
        return options
    }
}

/// The options that select the project or folder that receives the files.
struct DestinationArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Destination project, owner/name.", valueName: "id"))
    var project: String?

    @Option(help: ArgumentHelp("Id of the destination folder.", valueName: "id"))
    var parent: String?

    func validate() throws {
        guard (project == nil) != (parent == nil) else {
            throw ValidationError("Pass exactly one of --project and --parent.")
        }
        if let project, project.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--project must be owner/name, as listed by 'pontoon projects'.")
        }
    }

    var value: UploadDestination { parent.map { .folder($0) } ?? .project(project ?? "") }
}

/// Options of `pontoon upload` only.
struct UploadArguments: ParsableArguments {
    @Flag(help: "If a file changes during its upload, upload the bytes as read instead of failing.")
    var allowChanging = false

    @Option(help: ArgumentHelp("Part size, 5M to 5G. Default: chosen for each file.", valueName: "bytes"))
    var partSize: ByteCount?

    @Option(help: ArgumentHelp("Directory for the journals from which uploads resume.", valueName: "folder"))
    var state: String?

    @Option(help: ArgumentHelp("Resume an upload that another client started.", valueName: "id"))
    var uploadID: String?

    @Flag(
        help: "Resume an unfinished upload of the same file that another computer started and no longer works on."
    )
    var adopt = false

    @Flag(help: "Print what would be uploaded, without uploading anything.")
    var dryRun = false

    @Flag(help: "Print each file's part size and the reason for it, without uploading anything.")
    var explain = false

    @Option(
        help: ArgumentHelp(
            "Write the paths of failed files to this file, for --files-from.",
            valueName: "file"
        )
    )
    var failedTo: String?

    var isPreview: Bool { dryRun || explain }
}

/// The arguments that select the files to upload.
struct SelectionArguments: ParsableArguments {
    @Argument(help: "Files, folders and shell patterns; '-' is standard input.", completion: .file())
    var paths: [String] = []

    @Flag(help: "Recreate the folders at the destination.")
    var keepTree = false

    @Option(help: ArgumentHelp("In folders, upload only files that match. Repeatable.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("In folders, skip files and folders that match. Repeatable.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp(
            "Read more paths from this file; '-' is standard input. With --keep-tree, they keep their folders.",
            valueName: "file"
        )
    )
    var filesFrom: String?

    @Flag(
        name: [.customShort("0"), .customLong("from0")],
        help: "The paths in --files-from end with null characters, as from 'find -print0'. Default: detected."
    )
    var endsWithNull = false

    @Option(help: ArgumentHelp("Name at the destination, for a single file.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Tag for all files. Repeatable.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Metadata for all files. Repeatable.", valueName: "key=value"))
    var meta: [String] = []

    @Option(help: ArgumentHelp("CSV file of paths and metadata; the first column is 'File name'.", valueName: "file"))
    var manifest: String?

    /// Reads the list of paths and the manifest, and finds the selected files; blocks.
    func resolve() throws -> FileSelection.Result {
        var selection = FileSelection()
        selection.paths = paths
        selection.listed = try filesFrom.map { try PathList(file: $0, endsWithNull: endsWithNull).paths } ?? []
        selection.keepsTree = keepTree
        selection.include = include
        selection.exclude = exclude
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

    /// Parses `key=value` pairs; if a key occurs more than once, the last value is used.
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
