import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

/// The command `pontoon download`.
struct DownloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "download",
        abstract: "Download files, folders and projects; running it again goes on where it was.",
        discussion: """
            A folder comes with all that is below it. With a slash at its end its contents are meant, without one the \
            folder itself. A file appears under its name when it is whole and its checksum was compared.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "Ids, or owner/project with names below it; with --project only the names below it.")
    var paths: [String] = []

    @Option(help: ArgumentHelp("Project that the paths are in; all of it when no path is given.", valueName: "id"))
    var project: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Folder that they go to, or the name of a single file.", valueName: "path"),
        completion: .file()
    )
    var output: String?

    @Flag(help: "Replace files that are there.")
    var overwrite = false

    @Flag(help: "Leave out files that are there.")
    var skipExisting = false

    @Option(help: ArgumentHelp("Ranges in flight over all files: a number, or auto.", valueName: "n"))
    var parallel = ParallelOption.automatic

    @Option(help: ArgumentHelp("Memory to stay within, such as 256M.", valueName: "bytes"))
    var maxMemory = ByteCount(bytes: 256 << 20)

    @Option(help: ArgumentHelp("Bytes per second over all files, such as 10M.", valueName: "bytes"))
    var bwlimit: ByteCount?

    @Option(help: ArgumentHelp("Bytes that are asked for at once; larger for very large files.", valueName: "bytes"))
    var rangeSize = ByteCount(bytes: 16 << 20)

    @Flag(name: .customLong("no-resume"), help: "Begin anew.")
    var startsAfresh = false

    @Option(help: ArgumentHelp("Write what was fetched, with checksums, for 'pontoon verify'.", valueName: "file"))
    var receipt: String?

    func validate() throws {
        guard !paths.isEmpty || project != nil else { throw ValidationError("Give paths, or --project.") }
        guard !(overwrite && skipExisting) else {
            throw ValidationError("--overwrite and --skip-existing contradict each other.")
        }
        guard rangeSize.bytes >= 64 << 10 else { throw ValidationError("--range-size must be 64K or more.") }
    }

    func run() async throws {
        try await running(json: common.json) { [self] in
            try await common.withClient { client in
                let items = try await items(client)
                guard !items.isEmpty else {
                    throw ClientError(.notFound, "There are no files.", advice: "'pontoon ls' shows what is there.")
                }
                let report = DownloadReport(json: common.json, items: items)
                let results = try await Downloader(client, options: options).download(items) { events in
                    await report.follow(events)
                }
                report.end(results)
                if let receipt { try Receipt(results, endpoint: client.endpoint).write(to: FilePath(receipt)) }
                return Ending(DownloadReport.endings(results))
            }
        }
    }

    private var options: DownloadOptions {
        var options = DownloadOptions()
        options.overwrite = overwrite
        options.skipExisting = skipExisting
        switch parallel {
        case .automatic: options.parallel = .automatic
        case .fixed(let number): options.parallel = .fixed(number)
        }
        options.maximumMemory = Int(maxMemory.bytes)
        options.bandwidth = bwlimit?.bytes
        options.rangeSize = rangeSize.bytes
        options.startsAfresh = startsAfresh
        return options
    }

    private func items(_ client: SevenBridgesClient) async throws -> [DownloadItem] {
        let tree = RemoteTree(client)
        let folder = FilePath(output ?? "")
        var items: [DownloadItem] = []
        for text in paths.isEmpty ? [""] : paths {
            let path = try remotePath(text)
            items += try await tree.items(path, into: folder, isOnlyContents: text.hasSuffix("/"))
            // A file's own path has no folders; what came out of a folder or project has other names.
            guard paths.count == 1, items.count == 1, !text.hasSuffix("/"), !path.isProject, let output,
                !items[0].remotePath.contains("/"), !isFolder(output)
            else { continue }
            items[0].target = folder
        }
        return items
    }

    private func remotePath(_ text: String) throws -> RemotePath {
        guard let project else { return try RemotePath(text) }
        guard case .path(let id, let names) = try RemotePath("\(project)/\(text)") else {
            throw ClientError(.requestInvalid, "'\(project)' is no project.", advice: "Write owner/name.")
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
    /// Whether a whole project is meant.
    fileprivate var isProject: Bool {
        guard case .path(_, let names) = self else { return false }
        return names.isEmpty
    }
}
