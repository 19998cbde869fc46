import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore

struct UploadsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uploads",
        abstract: "List and abort the unfinished uploads of all users. The server may be running.",
        subcommands: [List.self, Abort.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls",
            abstract: "List unfinished uploads, longest idle first.",
            discussion: """
                SIZE is the declared size, and STORED is the size of the stored parts, in bytes. '-' means unknown, \
                because the size was not declared or the parts are in a bucket. ACTIVE is the time of the last activity.
                """
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var selection: UploadSelection
        @Flag(help: "Print one JSON object per upload instead of a table") var json = false

        func run() async throws {
            let lines = try await stores.withUploads { administration, settings in
                try await administration.uploads(try selection.filter()).map { OpenUploadLine($0, settings.objects) }
            }
            if json { return try lines.forEach { Pontoond.print(try $0.jsonLine()) } }
            var table = Table("ID", "STATE", "USER", "PROJECT", "SIZE", "STORED", "ACTIVE", "NAME")
            for line in lines { table.append(line) }
            for line in table.lines { Pontoond.print(line) }
        }
    }

    struct Abort: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Abort unfinished uploads, selected by id or by conditions. Their parts are deleted.",
            discussion: """
                With conditions instead of ids, --yes is required. To see which uploads will be aborted, pass the same \
                conditions to 'pontoond uploads ls'. Uploads that are being completed are not aborted. A running \
                server removes the bytes within about a minute. The exit status is 1 if any upload was not aborted.
                """
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @OptionGroup var selection: UploadSelection
        @Flag(help: "Confirm that all uploads that meet the conditions are to be aborted") var yes = false
        @Argument(help: "Ids of the uploads to abort") var ids: [String] = []

        func validate() throws {
            guard ids.isEmpty != selection.isEmpty else {
                throw ValidationError("Pass either ids or at least one of --user, --project and --older-than.")
            }
            guard yes || selection.isEmpty else {
                throw ValidationError(
                    "Add --yes to abort all uploads that 'pontoond uploads ls' lists with the same conditions."
                )
            }
        }

        func run() async throws {
            let wereAllAborted = try await stores.withUploads(flags: audit.givenFlags) { administration, settings in
                let audit = Pontoond.audit(settings)
                let filter = try selection.filter()
                // Check all ids first, so that no upload is aborted if an id is mistyped.
                for id in ids { _ = try await administration.upload(id) }
                let selected = ids.isEmpty ? try await administration.uploads(filter).map(\.summary.upload.id) : ids
                var kept = 0
                for id in selected {
                    switch try await administration.abort(id, filter) {
                    case .aborted:
                        audit.recordSuccess(.uploadAbort, AuditEntry.Object(id: id))
                        Pontoond.print("Aborted \(id).")
                    case .completing:
                        kept += 1
                        Pontoond.print("Not aborted: \(id) is being completed.")
                    case .notIdle:
                        kept += 1
                        Pontoond.print("Not aborted: \(id) has ended or become active.")
                    }
                }
                Pontoond.print("\(selected.count - kept) of \(selected.count) uploads aborted.")
                return kept == 0
            }
            if !wereAllAborted { throw ExitCode.failure }
        }
    }
}

/// Options that select unfinished uploads.
struct UploadSelection: ParsableArguments {
    @Option(help: "Select only uploads of this user") var user: String?
    @Option(help: ArgumentHelp("Select only uploads to this project", valueName: "owner/project")) var project: String?
    @Option(
        help: ArgumentHelp(
            "Select only uploads without activity for this long, such as 12h or 7d",
            valueName: "duration"
        )
    )
    var olderThan: String?

    var isEmpty: Bool { user == nil && project == nil && olderThan == nil }

    /// Returns the filter that the options describe.
    ///
    /// - Throws: `ValidationError` if a value is not allowed.
    func filter() throws -> OpenUploadFilter {
        var filter = OpenUploadFilter(user: user)
        if let project {
            guard let id = ProjectID(project) else {
                throw ValidationError("The project '\(project)' must have the form owner/project.")
            }
            filter.project = id
        }
        if let olderThan {
            guard let duration = CommandDuration.parse(olderThan) else {
                throw ValidationError("'\(olderThan)' is not allowed; use a duration from 1s to 10000d, such as 7d.")
            }
            filter.idleSince = Date().addingTimeInterval(-duration.inSeconds)
        }
        return filter
    }

    func validate() throws { _ = try filter() }
}

/// An unfinished upload in the output of a command.
private struct OpenUploadLine: Encodable {
    let id: String
    let state: String
    let user: String
    /// The project or, for a package upload, the id of the automation.
    let project: String
    let size: Int64?
    let storedBytes: Int64?
    let initiated: String
    let active: String
    let name: String

    init(_ open: OpenUpload, _ objects: ObjectsChoice) {
        let upload = open.summary.upload
        id = upload.id
        state = upload.state.rawValue
        user = upload.userName
        project =
            switch upload.destination {
            case .folder(_, let project, _): project.description
            case .automation(let id): id
            }
        size = upload.size
        storedBytes = if case .s3 = objects { nil } else { open.summary.storedBytes }
        initiated = upload.initiatedOn.formatted(.iso8601)
        active = open.activeOn.formatted(.iso8601)
        name = upload.name
    }
}

extension Table {
    fileprivate mutating func append(_ line: OpenUploadLine) {
        append(
            line.id,
            line.state,
            line.user,
            line.project,
            line.size.map(String.init) ?? "-",
            line.storedBytes.map(String.init) ?? "-",
            line.active,
            line.name.visible
        )
    }
}

extension StoreFlags {
    fileprivate func withUploads<Value>(
        flags: [GivenFlag] = [],
        _ work: (UploadAdministration, Settings) async throws -> Value
    ) async throws -> Value {
        try await withMetadata(flags: flags) { store, settings in
            try await work(UploadAdministration(metadata: store), settings)
        }
    }
}
