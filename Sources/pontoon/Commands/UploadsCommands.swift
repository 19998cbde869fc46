import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

/// The commands `pontoon uploads …`.
struct UploadsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uploads",
        abstract: "Unfinished uploads: list, resume, abort.",
        subcommands: [List.self, Resume.self, Abort.self],
        defaultSubcommand: List.self
    )

    /// What this machine knows of uploads.
    struct StateOptions: ParsableArguments {
        @Option(help: ArgumentHelp("Folder for what is needed to go on later.", valueName: "folder"))
        var state: String?

        var path: FilePath { state.map { FilePath($0) } ?? CommonOptions.stateFolder }

        /// Uploads to an endpoint that were begun here.
        func entries(_ endpoint: Endpoint) throws -> [UploadsInProgress.Entry] {
            try UploadsInProgress(state: path).entries.filter { $0.endpoint == endpoint.url }
        }
    }

    /// `pontoon uploads ls`.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List your unfinished uploads at the server, and which of them can be resumed from here."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var state: StateOptions

        func run() async throws {
            try await running(json: common.json) { [self] in
                try await common.withClient { client in
                    let known = Dictionary(
                        try state.entries(client.endpoint).map { ($0.uploadID, $0.item.source.string) },
                        uniquingKeysWith: { first, _ in first }
                    )
                    try await client.eachPage {
                        try await client.uploads(offset: $0)
                    } _: { uploads in
                        for upload in uploads { show(upload, source: known[upload.id]) }
                    }
                    return .done
                }
            }
        }

        private func show(_ upload: UploadDetails, source: String?) {
            let began = upload.initiated?.formatted(.iso8601)
            if common.json {
                Output.standard.say(
                    JSONLine("upload").with("upload_id", upload.id).with("name", upload.name)
                        .with("project", upload.project).with("initiated", began).with("size", upload.size)
                        .with("stored_bytes", upload.storedBytes).with("path", source).text
                )
            } else {
                let stored = upload.storedBytes.map { "\(ByteCount.text($0)) stored" }
                let parts = [
                    began ?? "–", upload.project ?? "–", upload.name ?? "–", stored, source.map { "from \($0)" },
                ]
                Output.standard.say("\(upload.id)  \(parts.compactMap { $0 }.joined(separator: "  "))".printable)
            }
        }
    }

    /// `pontoon uploads resume`.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Finish uploads that were begun from here; all of them when no id is given."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var state: StateOptions

        @Argument(help: "Ids of uploads, or the beginnings of ids.")
        var ids: [String] = []

        func run() async throws {
            try await running(json: common.json) { [self] in
                try await common.withClient { client in
                    let chosen = try state.entries(client.endpoint).filter { entry in
                        ids.isEmpty || ids.contains { entry.uploadID.hasPrefix($0) }
                    }
                    if chosen.isEmpty, !ids.isEmpty {
                        throw ClientError(
                            .notFound,
                            "No such upload was begun from here.",
                            advice: "'pontoon upload --upload-id' goes on with one that was begun elsewhere."
                        )
                    }
                    return try await resume(chosen, client)
                }
            }
        }

        private func resume(_ entries: [UploadsInProgress.Entry], _ client: SevenBridgesClient) async throws -> Ending {
            var endings: [Ending] = []
            // Uploads of one destination can share a run.
            for (destination, entries) in Dictionary(grouping: entries, by: \.destination) {
                var options = UploadOptions(destination: destination)
                options.state = state.path
                let items = entries.map(\.item)
                let report = UploadReport(json: common.json, items: items)
                let results = try await Uploader(client, options: options).upload(items) { await report.follow($0) }
                report.end(results)
                endings += UploadReport.endings(results)
            }
            return Ending(endings)
        }
    }

    /// `pontoon uploads abort`.
    struct Abort: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "abort",
            abstract: "Give uploads up; what they hold at the server is gone."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var state: StateOptions

        @Argument(help: "Ids of uploads, or the beginnings of ids.")
        var ids: [String] = []

        @Option(help: ArgumentHelp("All of yours that were begun longer ago, such as 7d, 12h.", valueName: "time"))
        var olderThan: AgeOption?

        @Flag(help: "Say which, and do nothing.")
        var dryRun = false

        func validate() throws {
            guard ids.isEmpty != (olderThan == nil) else { throw ValidationError("Give ids, or --older-than.") }
        }

        func run() async throws {
            try await running(json: common.json) { [self] in
                try await common.withClient { client in
                    let chosen = try await choose(client)
                    for upload in chosen {
                        if !dryRun { try await client.abortUpload(upload.id) }
                        let line = JSONLine(dryRun ? "would_abort" : "aborted").with("upload_id", upload.id)
                        let words = "\(dryRun ? "would abort" : "aborted") \(upload.id)  \(upload.name ?? "–")"
                        Output.standard.say(common.json ? line.with("name", upload.name).text : words.printable)
                    }
                    if !dryRun { try UploadsInProgress(state: state.path).forget(Set(chosen.map(\.id))) }
                    return .done
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
                        "'\(id)' is the beginning of \(counted(found.count, "upload")).",
                        advice: "'pontoon uploads ls' lists yours."
                    )
                }
                return found[0]
            }
        }
    }
}

/// A length of time as people write it: `90s`, `30m`, `12h`, `7d`.
struct AgeOption: ExpressibleByArgument, Hashable, Sendable {
    let seconds: Double

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let number = Double(argument.dropLast()), number >= 0
        else {
            return nil
        }
        seconds = number * unit
    }
}
