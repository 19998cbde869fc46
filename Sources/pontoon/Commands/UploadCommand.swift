import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

/// The command `pontoon upload`.
struct UploadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upload",
        abstract: "Upload files and folders; running it again goes on where it was.",
        discussion: """
            A folder's files all go to one place unless --keep-tree is given. A name with a slash at its end means \
            what is in the folder, without one the folder itself. Patterns are those of the shell; in --include and \
            --exclude they are compared with the path below the folder and with the name.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var selection: SelectionOptions
    @OptionGroup var transfer: TransferOptions
    @OptionGroup var outcome: OutcomeOptions

    func validate() throws {
        guard (transfer.project == nil) != (transfer.parent == nil) else {
            throw ValidationError("Give one of --project and --parent.")
        }
        if let project = transfer.project, project.split(separator: "/", omittingEmptySubsequences: false).count != 2 {
            throw ValidationError("--project is owner/name, such as those that 'pontoon projects' lists.")
        }
        guard !(transfer.overwrite && transfer.skipExisting) else {
            throw ValidationError("--overwrite and --skip-existing contradict each other.")
        }
    }

    func run() async throws {
        try await running(json: common.json) { [self] in
            let found = try selection.resolve()
            for warning in found.warnings { Output.standard.warn(warning, json: common.json) }
            guard !found.items.isEmpty else {
                throw ClientError(.requestInvalid, "There is nothing to upload.", advice: "Give files or folders.")
            }
            return try await common.withClient { client in
                if outcome.isForecast {
                    let uploader = Uploader(client, options: transfer.options())
                    let report = ForecastReport(json: common.json, explains: outcome.explain)
                    return report.show(try await uploader.forecast(found.items))
                }
                return try await upload(found.items, client)
            }
        }
    }

    private func upload(_ items: [UploadItem], _ client: SevenBridgesClient) async throws -> Ending {
        let report = UploadReport(json: common.json, items: items)
        let results = try await Uploader(client, options: transfer.options()).upload(items) { events in
            await report.follow(events)
        }
        report.end(results)
        if let receipt = outcome.receipt {
            try Receipt(results, endpoint: client.endpoint, destination: transfer.destination)
                .write(to: FilePath(receipt))
        }
        if let list = outcome.failedTo { try OutcomeOptions.write(results.filter { !$0.isThere }, to: list) }
        return Ending(UploadReport.endings(results))
    }
}

/// Which files.
struct SelectionOptions: ParsableArguments {
    @Argument(help: "Files, folders and patterns.", completion: .file())
    var paths: [String] = []

    @Flag(help: "Keep the folders at the destination.")
    var keepTree = false

    @Option(help: ArgumentHelp("Only files below folders that match; may be repeated.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("No files or folders below folders that match; may be repeated.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(help: ArgumentHelp("More paths, one in a line; '-' is standard input.", valueName: "file"))
    var filesFrom: String?

    @Option(help: ArgumentHelp("Name at the destination, for a single file.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Tag for all files; may be repeated.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Metadata for all files; may be repeated.", valueName: "key=value"))
    var meta: [String] = []

    @Option(help: ArgumentHelp("CSV with metadata; its first column is 'File name'.", valueName: "file"))
    var manifest: String?

    /// Looks for the files; blocks.
    func resolve() throws -> FileSelection.Result {
        var selection = FileSelection()
        selection.paths = paths + (try filesFrom.map(Self.lines) ?? [])
        selection.keepsTree = keepTree
        selection.include = include
        selection.exclude = exclude
        selection.tags = tag
        selection.metadata = try Self.metadata(meta)
        selection.manifest = try manifest.map { try Manifest(FilePath($0)) }
        var result = try selection.resolve()
        if let name {
            guard result.items.count == 1 else {
                throw ClientError(.requestInvalid, "--name is for a single file, not for \(result.items.count).")
            }
            result.items[0].name = name
        }
        return result
    }

    private static func lines(_ path: String) throws -> [String] {
        do {
            let data =
                path == "-"
                ? try FileHandle.standardInput.readToEnd() ?? Data() : try Data(contentsOf: URL(filePath: path))
            return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).map(String.init)
        } catch {
            throw ClientError(.fileUnreadable, "'\(path)' cannot be read: \(error.localizedDescription)")
        }
    }

    /// Reads `key=value`.
    static func metadata(_ pairs: [String]) throws -> [String: String] {
        try pairs.reduce(into: [:]) { metadata, pair in
            guard let separator = pair.firstIndex(of: "="), separator > pair.startIndex else {
                throw ClientError(.requestInvalid, "'\(pair)' is no metadata.", advice: "Write key=value.")
            }
            metadata[String(pair[..<separator])] = String(pair[pair.index(after: separator)...])
        }
    }
}

/// Where to, and how.
struct TransferOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Project that the files go to, owner/name.", valueName: "id"))
    var project: String?

    @Option(help: ArgumentHelp("Folder that the files go to.", valueName: "id"))
    var parent: String?

    @Flag(help: "Replace files of the same names.")
    var overwrite = false

    @Flag(help: "Leave out files whose names are there.")
    var skipExisting = false

    @Flag(help: "Upload files that are written to meanwhile as they are read, rather than failing.")
    var allowChanging = false

    @Option(help: ArgumentHelp("Parts in flight over all files: a number, or auto.", valueName: "n"))
    var parallel = ParallelOption.automatic

    @Option(help: ArgumentHelp("Memory to stay within, such as 256M.", valueName: "bytes"))
    var maxMemory = ByteCount(bytes: 256 << 20)

    @Option(help: ArgumentHelp("Bytes per second over all files, such as 10M.", valueName: "bytes"))
    var bwlimit: ByteCount?

    @Option(help: ArgumentHelp("Bytes per part, 5M to 5G; chosen when it is not given.", valueName: "bytes"))
    var partSize: ByteCount?

    @Option(help: ArgumentHelp("Folder for what is needed to go on later.", valueName: "folder"))
    var state: String?

    @Flag(name: .customLong("no-resume"), help: "Begin anew, and remember nothing.")
    var startsAfresh = false

    @Option(help: ArgumentHelp("Go on with an upload that another client began.", valueName: "id"))
    var uploadID: String?

    /// One of project and parent is given.
    var destination: UploadDestination { parent.map { .folder($0) } ?? .project(project ?? "") }

    /// As the library takes them.
    func options() -> UploadOptions {
        var options = UploadOptions(destination: destination)
        options.overwrite = overwrite
        options.skipExisting = skipExisting
        options.allowsChanging = allowChanging
        switch parallel {
        case .automatic: options.parallel = .automatic
        case .fixed(let number): options.parallel = .fixed(number)
        }
        options.maximumMemory = Int(maxMemory.bytes)
        options.bandwidth = bwlimit?.bytes
        options.partSize = partSize?.bytes
        options.state = startsAfresh ? nil : state.map { FilePath($0) } ?? CommonOptions.stateFolder
        options.startsAfresh = startsAfresh
        options.uploadID = uploadID
        return options
    }
}
