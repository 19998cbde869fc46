import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Download files, folders and projects. Run the same command again to resume.",
        discussion: """
            Folders are downloaded with all of their subfolders. A path with a trailing slash means the folder's \
            contents; without one, it means the folder itself. A file appears under its name only when it is complete \
            and verified.
            """
    )

    @Argument(
        help: "Ids, or paths owner/project/folder/file; with --project, paths below the project.",
        completion: .remotePath
    )
    var paths: [String] = []

    @Option(
        help: ArgumentHelp("Project that contains the paths; without paths, the whole project.", valueName: "id"),
        completion: .project
    )
    var project: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Destination folder, or the destination path of a single file.", valueName: "path"),
        completion: .file()
    )
    var output: String?

    @Option(
        help: ArgumentHelp("Bytes per request, at least 64K; more for very large files.", valueName: "bytes")
    )
    var rangeSize = ByteCount(bytes: 16 << 20)

    @OptionGroup(title: "Transfer") var transfer: TransferArguments
    @OptionGroup(title: "Connection and output") var common: CommonOptions

    func validate() throws {
        guard !paths.isEmpty || project != nil else { throw ValidationError("Pass paths or --project.") }
        guard rangeSize.bytes >= 64 << 10 else { throw ValidationError("--range-size must be at least 64K.") }
    }

    func run() async throws {
        try await runCommand(json: common.json, afterInterruption: transfer.afterInterruption) { [self] in
            try await common.withClient(isTransfer: true) { client in
                let items = try await items(client)
                guard !items.isEmpty else {
                    throw ClientError(
                        .notFound,
                        "There is nothing to download.",
                        advice: "List the project's files with 'pontoon ls'."
                    )
                }
                var options = DownloadOptions()
                options.transfer = transfer.options
                options.rangeSize = rangeSize.bytes
                let report = TransferReport(direction: .download, json: common.json, items: items)
                let files = try await ResultFiles(receipt: transfer.receipt)
                let results = try await files.discardedOnError {
                    try await Downloader(client, options: options).download(items) { await report.follow($0) }
                }
                let end = report.finish(results)
                try files.write(receipt: Receipt(results, endpoint: client.endpoint))
                return end
            }
        }
    }

    private func items(_ client: SevenBridgesClient) async throws -> [DownloadItem] {
        let tree = RemoteTree(client)
        let folder = FilePath(output ?? "")
        var items: [DownloadItem] = []
        for text in paths.isEmpty ? [""] : paths {
            let path = try remotePath(text)
            do {
                items += try await tree.items(path, into: folder, isOnlyContents: text.hasSuffix("/"))
            } catch  where !error.concernsEveryRequest {
                items.append(DownloadItem(failed: text, target: folder, problem: error))
                continue
            }
            // For a single file, --output is the target path, unless it names an existing folder or ends with a slash.
            guard paths.count == 1, items.count == 1, !text.hasSuffix("/"), !path.isProject, let output,
                !items[0].remotePath.contains("/"), !isFolder(output)
            else { continue }
            items[0].target = folder
            items[0].problem = nil
        }
        return items
    }

    private func remotePath(_ text: String) throws -> RemotePath {
        guard let project else { return try RemotePath(text) }
        guard case .path(let id, let names) = try RemotePath("\(project)/\(text)") else {
            throw ClientError(.requestInvalid, "'\(project)' is not a project id.", advice: "Use the form owner/name.")
        }
        return .path(project: id, names: names)
    }

    private func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return path.hasSuffix("/")
            || FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}

extension RemotePath {
    fileprivate var isProject: Bool {
        guard case .path(_, let names) = self else { return false }
        return names.isEmpty
    }
}
