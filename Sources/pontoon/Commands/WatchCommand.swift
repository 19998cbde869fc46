import ArgumentParser
import PontoonFoundation
import PontoonClient
import SystemPackage

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Upload the runs of an instrument while it writes them. Run the same command again to resume.",
        discussion: """
            Each folder in the watched folder is a run, or each folder at the level given with --depth. If the watched \
            folder itself contains a marker, it is the only run, and the command exits when that run has ended. A file \
            is sent when it has not changed for the time given with --settle, and is sent again if it changes later. \
            When all markers exist and all other files have been sent, the markers are sent, and the run is compared \
            with its copy on the server. --then runs a command whenever a run has ended, with PONTOON_RUN, \
            PONTOON_DESTINATION, PONTOON_RESULT and PONTOON_RECEIPT in its environment.
            """
    )

    @Argument(help: "Folder of the runs, or of a single run, followed by the destination if no option names it.")
    var folder: [String]

    @OptionGroup(title: "Runs") var runs: RunArguments
    @OptionGroup(title: "Destination") var destination: DestinationArguments
    @OptionGroup(title: "Transfer") var traffic: TrafficArguments
    @OptionGroup(title: "Connection and output") var common: ConnectionOptions

    func validate() throws { _ = try places() }

    /// Returns the watched folder and the destination.
    ///
    /// - Throws: `ValidationError` unless the arguments name one folder and a valid destination.
    private func places() throws -> (folder: String, destination: RemotePath) {
        let (folders, destination) = try destination.split(folder)
        guard folders.count == 1 else { throw ValidationError("Pass a single folder to watch.") }
        return (folders[0], destination)
    }

    func run() async throws {
        let (folder, path) = try places()
        let advice = "Run the same command again to continue."
        try await runCommand(json: common.json, afterInterruption: advice) { [self] in
            try traffic.report.begin(json: common.json)
            return try await common.withClient(isTransfer: true) { client in
                let options = try options(UploadOptions(destination: try await client.makeFolders(path)))
                let report = WatchReport(json: common.json, destination: path.description)
                let command = runs.then.map { EndCommand(text: $0, report: report) }
                let hooks = RunWatcher.Hooks(
                    report: { report.show($0) },
                    observe: { items, events in
                        let report = TransferReport(
                            direction: .upload,
                            json: common.json,
                            items: items,
                            detail: .none,
                            stats: traffic.report.stats
                        )
                        await report.follow(events)
                    },
                    ended: { notice in try await command?.run(notice) }
                )
                let notices = try await RunWatcher.watch(FilePath(folder), client, options: options, hooks: hooks)
                let statuses = notices.compactMap { WatchReport.status($0) } + (command?.statuses ?? [])
                return CommandEnd(
                    ExitStatus(statuses),
                    counts: ["runs": Int64(notices.count), "failed": Int64(statuses.count)]
                )
            }
        }
    }

    private func options(_ upload: UploadOptions) throws -> WatchOptions {
        var upload = upload
        traffic.apply(to: &upload.transfer)
        upload.stateDirectory = runs.state.map { FilePath($0) } ?? CommonOptions.stateDirectory
        var options = WatchOptions(upload: upload, markers: runs.markers)
        options.include = runs.include
        options.exclude = runs.exclude
        options.tags = runs.tag
        options.metadata = try SelectionArguments.metadata(runs.meta)
        options.settle = .seconds(runs.settle.seconds)
        options.interval = .seconds(runs.pause)
        options.timeout = .seconds(runs.timeout.seconds)
        options.depth = runs.single ? 0 : runs.depth
        options.endsWhenDone = runs.single || runs.once
        options.comparesChecksums = !runs.quick
        options.receipts = runs.receipts.map { FilePath($0) }
        return options
    }
}

/// A type of instrument whose marker files are predefined.
enum Instrument: String, CaseIterable, ExpressibleByArgument {
    case illumina, ont, pacbio

    var markers: [String] {
        switch self {
        case .illumina: ["/RTAComplete.txt", "/CopyComplete.txt"]
        case .ont: ["final_summary*"]
        case .pacbio: ["*.transferdone"]
        }
    }
}

/// The options of `pontoon watch` for runs.
struct RunArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Marker file that the instrument writes when a run is complete. Repeat for several required markers.",
            valueName: "pattern"
        )
    )
    var until: [String] = []

    @Option(help: "Use the markers of this instrument instead of --until: illumina, ont or pacbio.")
    var instrument: Instrument?

    @Option(help: ArgumentHelp("Send a file when it has not changed for this long.", valueName: "time"))
    var settle = AgeOption(seconds: 60)

    @Option(
        help: ArgumentHelp(
            "Abandon an unfinished run that has not changed for this long.",
            valueName: "time"
        )
    )
    var timeout = AgeOption(seconds: 72 * 3600)

    @Option(
        help: ArgumentHelp(
            "Pause between two scans of the folder, from 1s to 1h. Default: half of --settle, but from 1s to 30s.",
            valueName: "time"
        )
    )
    var interval: AgeOption?

    @Option(help: ArgumentHelp("Number of folder levels from the watched folder to the runs, 1 to 5.", valueName: "n"))
    var depth = 1

    @Flag(help: "Treat the watched folder itself as a run, and exit when the run has ended.")
    var single = false

    @Flag(help: "Exit when all runs in the folder have ended.")
    var once = false

    @Option(
        help: ArgumentHelp(
            "Run this shell command whenever a run has ended, with the result in its environment.",
            valueName: "command"
        )
    )
    var then: String?

    @Flag(help: "Compare only names and lengths at the end, without reading the local files again.")
    var quick = false

    @Option(help: ArgumentHelp("Upload only files that match. Repeatable.", valueName: "pattern"))
    var include: [String] = []

    @Option(help: ArgumentHelp("Skip files and folders that match. Repeatable.", valueName: "pattern"))
    var exclude: [String] = []

    @Option(help: ArgumentHelp("Tag for all files. Repeatable.", valueName: "tag"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Metadata for all files. Repeatable.", valueName: "key=value"))
    var meta: [String] = []

    @Option(help: ArgumentHelp("Folder for the receipts. Default: inside the state directory.", valueName: "folder"))
    var receipts: String?

    @Option(help: ArgumentHelp("Directory for the journals and the state of the runs.", valueName: "folder"))
    var state: String?

    var markers: [String] { until.isEmpty ? instrument?.markers ?? [] : until }

    /// Pause between two scans of the folder in seconds.
    var pause: Double { interval?.seconds ?? min(max(settle.seconds / 2, 1), 30) }

    func validate() throws {
        guard until.isEmpty != (instrument == nil) else {
            throw ValidationError("Pass either --until or --instrument.")
        }
        guard (0...Self.longest).contains(settle.seconds), (0...Self.longest).contains(timeout.seconds) else {
            throw ValidationError("--settle and --timeout must be from 0s to 365d.")
        }
        guard timeout.seconds > settle.seconds else {
            throw ValidationError("--timeout must be longer than --settle.")
        }
        if let folder = until.first(where: { $0.hasSuffix("/") }) {
            throw ValidationError("--until must name a file, but '\(folder)' is a folder.")
        }
        guard (1...3600).contains(pause) else { throw ValidationError("--interval must be from 1s to 1h.") }
        guard (1...5).contains(depth) else { throw ValidationError("--depth must be from 1 to 5.") }
        guard !single || depth == 1 else { throw ValidationError("--single and --depth cannot be combined.") }
    }

    /// Maximum of `--settle` and `--timeout` in seconds.
    private static let longest: Double = 365 * 86_400
}
