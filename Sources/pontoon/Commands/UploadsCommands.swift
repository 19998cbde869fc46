import ArgumentParser
import PontoonFoundation
import PontoonClient
import PontoonCore
import Synchronization
import SystemPackage

struct UploadsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uploads",
        abstract: "List, resume and abort unfinished uploads.",
        subcommands: [List.self, Resume.self, Abort.self],
        defaultSubcommand: List.self
    )

    /// The option that selects the directory of the journals.
    struct StateOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp("Directory for the journals, which are needed to resume uploads.", valueName: "folder")
        )
        var state: String?

        var path: FilePath { state.map { FilePath($0) } ?? CommonOptions.stateDirectory }

        /// Returns the uploads to an endpoint that have a journal in the directory.
        func entries(_ endpoint: Endpoint) throws -> [UploadsInProgress.Entry] {
            try UploadsInProgress(stateDirectory: path).entries.filter { $0.endpoint == endpoint.url }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List your unfinished uploads, with the local file of each upload started on this machine."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var state: StateOptions

        @Flag(help: "Print the progress of your uploads from all machines until none is unfinished.")
        var follow = false

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let known = Dictionary(
                        try state.entries(client.endpoint).map { ($0.uploadID, $0.item.source.string) },
                        uniquingKeysWith: { first, _ in first }
                    )
                    if follow { return try await printProgress(client, sources: known) }
                    var count = 0
                    try await client.eachPage {
                        try await client.uploads(offset: $0)
                    } _: { uploads in
                        count += uploads.count
                        for upload in uploads { show(upload, source: known[upload.id]) }
                    }
                    if count == 0, !common.json { Output.standard.printLine("You have no unfinished uploads.") }
                    return CommandEnd(.done, counts: ["uploads": Int64(count)])
                }
            }
        }

        private func printProgress(
            _ client: SevenBridgesClient,
            sources: [String: String]
        ) async throws -> CommandEnd {
            let ended = Mutex(Int64(0))
            try await client.followUploads { update in
                switch update {
                case .progress(let upload): show(upload, source: sources[upload.id])
                case .ended(let upload, let result):
                    ended.withLock { $0 += 1 }
                    let line = JSONLine("upload_ended").with("upload_id", upload.id).with("name", upload.name)
                    let text = "\(upload.id)  \(result.rawValue)  \(upload.name ?? "–")"
                    Output.standard.printLine(common.json ? line.with("result", result.rawValue).text : text)
                }
            }
            if !common.json { Output.standard.printLine("You have no unfinished uploads.") }
            return CommandEnd(.done, counts: ["uploads": ended.withLock { $0 }])
        }

        private func show(_ upload: UploadDetails, source: String?) {
            let initiated = upload.initiated?.formatted(.iso8601)
            if common.json {
                Output.standard.printLine(
                    JSONLine("upload").with("upload_id", upload.id).with("name", upload.name)
                        .with("project", upload.project).with("initiated", initiated).with("size", upload.size)
                        .with("stored_bytes", upload.storedBytes).with("path", source).text
                )
            } else {
                let stored = upload.storedBytes.map { "\(ByteCount.text($0)) stored" }
                let columns = [
                    initiated ?? "–", upload.project ?? "–", upload.name ?? "–", stored, source.map { "from \($0)" },
                ]
                Output.standard.printLine(
                    "\(upload.id)  \(columns.compactMap { $0 }.joined(separator: "  "))"
                )
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Resume uploads that were started on this machine. Without ids, all of them are resumed."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var state: StateOptions

        @Argument(help: "Ids of the uploads to resume. A prefix selects all uploads whose ids begin with it.")
        var ids: [String] = []

        func run() async throws {
            try await runCommand(
                json: common.json,
                afterInterruption: "Run the same command again to resume."
            ) { [self] in
                try await common.withClient(isTransfer: true) { client in
                    let entries = try state.entries(client.endpoint)
                    let chosen = entries.filter { entry in
                        ids.isEmpty || ids.contains { entry.uploadID.hasPrefix($0) }
                    }
                    let unknown = ids.filter { id in !entries.contains { $0.uploadID.hasPrefix(id) } }
                    if !unknown.isEmpty {
                        throw ClientError(
                            .notFound,
                            "No upload started on this machine matches \(unknown.joined(separator: " or ")).",
                            advice: "To resume an upload from another machine, use 'pontoon upload --upload-id'."
                        )
                    }
                    return try await resume(chosen, client)
                }
            }
        }

        private struct Run: Hashable {
            let destination: UploadDestination
            let policy: TransferOptions.ConflictPolicy
        }

        private func resume(
            _ entries: [UploadsInProgress.Entry],
            _ client: SevenBridgesClient
        ) async throws -> CommandEnd {
            var (statuses, files, failed, bytes) = ([ExitStatus](), Int64(0), Int64(0), Int64(0))
            // A single run can resume all uploads to the same destination with the same conflict rule.
            let runs = Dictionary(grouping: entries) { Run(destination: $0.destination, policy: $0.conflictPolicy) }
            for (run, entries) in runs {
                try Task.checkCancellation()
                var options = UploadOptions(destination: run.destination)
                options.transfer.conflictPolicy = run.policy
                options.stateDirectory = state.path
                let items = entries.map(\.item)
                let report = TransferReport(direction: .upload, json: common.json, items: items)
                let results = try await Uploader(client, options: options).upload(items) { await report.follow($0) }
                let end = report.finish(results)
                if end.status != .done { statuses.append(end.status) }
                files = files.addingClamped(Int64(results.count))
                failed = failed.addingClamped(Int64(results.filter { !$0.isSuccess }.count))
                bytes = bytes.addingClamped(results.lazy.map(\.transferredBytes).clampedSum)
            }
            return CommandEnd(ExitStatus(statuses), counts: ["files": files, "failed": failed, "sent_bytes": bytes])
        }
    }

    struct Abort: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "abort",
            abstract: "Abort unfinished uploads and delete their parts on the server."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var state: StateOptions

        @Argument(help: "Ids of the uploads to abort, or unique prefixes of ids.")
        var ids: [String] = []

        @Option(
            help: ArgumentHelp(
                "Abort all your unfinished uploads that were initiated at least this long ago, such as 7d.",
                valueName: "time"
            )
        )
        var olderThan: AgeOption?

        @Flag(help: "Print the uploads that would be aborted, without aborting them.")
        var dryRun = false

        func validate() throws {
            guard ids.isEmpty != (olderThan == nil) else { throw ValidationError("Pass either ids or --older-than.") }
        }

        func run() async throws {
            try await runCommand(json: common.json) { [self] in
                try await common.withClient { client in
                    let chosen = try await choose(client)
                    let journals = try UploadsInProgress(stateDirectory: state.path)
                    for upload in chosen {
                        if !dryRun {
                            try await client.abortUpload(upload.id)
                            try journals.forget([upload.id])
                        }
                        let line = JSONLine(dryRun ? "would_abort" : "aborted").with("upload_id", upload.id)
                        let text = "\(dryRun ? "would abort" : "aborted") \(upload.id)  \(upload.name ?? "–")"
                        Output.standard.printLine(
                            common.json ? line.with("name", upload.name).text : text
                        )
                    }
                    return CommandEnd(.done, counts: ["uploads": Int64(chosen.count)])
                }
            }
        }

        private func choose(_ client: SevenBridgesClient) async throws -> [UploadDetails] {
            var all: [UploadDetails] = []
            try await client.eachPage {
                try await client.uploads(offset: $0)
            } _: {
                all += $0
            }
            if let olderThan {
                let serverTime = Date.now.addingTimeInterval(client.clockSkew)
                return all.filter { $0.isOlder(than: olderThan.seconds, at: serverTime) }
            }
            return try ids.map { id in
                let found = all.filter { $0.id.hasPrefix(id) }
                guard found.count == 1 else {
                    throw ClientError(
                        found.isEmpty ? .notFound : .requestInvalid,
                        found.isEmpty
                            ? "No unfinished upload has an id that begins with '\(id)'."
                            : "The ids of \(found.count) unfinished uploads begin with '\(id)'. Pass a longer prefix.",
                        advice: "List your uploads with 'pontoon uploads ls'."
                    )
                }
                return found[0]
            }
        }
    }
}

/// A duration such as `90s`, `30m`, `12h` or `7d`.
struct AgeOption: ExpressibleByArgument, Hashable, Sendable {
    let seconds: Double

    /// Maximum duration in seconds: about 10,000 years.
    private static let longest = 3.2e11

    init(seconds: Double) { self.seconds = seconds }

    /// The duration as shown by `--help`, in the largest unit in which it is a whole number.
    var defaultValueDescription: String {
        let units: [(String, Double)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]
        let (unit, length) = units.first { seconds >= $0.1 && seconds.remainder(dividingBy: $0.1) == 0 } ?? ("s", 1)
        let number = seconds / length
        return (Int64(exactly: number).map { "\($0)" } ?? "\(number)") + unit
    }

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let number = Double(argument.dropLast()),
            (0...Self.longest).contains(number * unit)
        else {
            return nil
        }
        seconds = number * unit
    }
}
