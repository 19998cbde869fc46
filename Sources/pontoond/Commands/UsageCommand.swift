import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore

struct UsageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "List the storage that users and projects use, largest first. The server may be running.",
        discussion: """
            STORED is the size of the files, and RESERVED is the size reserved for unfinished uploads, in bytes. A \
            user is charged for all projects that the user owns. The quotas limit STORED plus RESERVED, FILES plus \
            UPLOADS, and UPLOADS. '-' means no limit. Use the server's settings file or environment, because they \
            contain the default quotas. The last line is the disk space that is free for uploads. It is omitted with \
            --user or --project, and if the space is unknown, for example because the objects are in a bucket.
            """
    )
    @OptionGroup var stores: StoreFlags
    @Option(help: "List only this user and the user's projects") var user: String?
    @Option(help: ArgumentHelp("List only this project", valueName: "owner/project")) var project: String?
    @Flag(help: "Print one JSON object per user and project instead of tables") var json = false

    func validate() throws {
        guard user == nil || project == nil else {
            throw ValidationError("--user and --project cannot be combined.")
        }
        if let project, ProjectID(project) == nil {
            throw ValidationError("The project '\(project)' must have the form owner/project.")
        }
    }

    func run() async throws {
        let (lines, free) = try await stores.withMetadata { store, settings -> ([UsageLine], Int64?) in
            let lines = try await select(from: UsageAdministration(metadata: store))
            return (lines, isFiltered ? nil : try settings.availableSpace())
        }
        if json {
            for line in lines { Pontoond.print(try line.jsonLine()) }
            if let free { Pontoond.print("{\"free_bytes\":\(free),\"kind\":\"disk\"}") }
            return
        }
        let numbers = ["STORED", "RESERVED", "QUOTA", "FILES", "FILE-QUOTA", "UPLOADS", "UPLOAD-QUOTA"]
        var (users, projects) = (Table(["USER"] + numbers), Table(["PROJECT", "OWNER"] + numbers))
        for line in lines {
            switch line.kind {
            case .user: users.append([line.id] + line.numbers)
            case .project: projects.append([line.id, line.owner ?? "-"] + line.numbers)
            }
        }
        if project == nil { for line in users.lines + [""] { Pontoond.print(line) } }
        for line in projects.lines { Pontoond.print(line) }
        if let free { Pontoond.print("\nFree space for uploads: \(free) bytes.") }
    }

    private var isFiltered: Bool { user != nil || project != nil }

    private func select(from usage: UsageAdministration) async throws -> [UsageLine] {
        if let id = project.flatMap({ ProjectID($0) }) { return [UsageLine(try await usage.project(id))] }
        let users = if let user { [try await usage.user(user)] } else { try await usage.users() }
        return users.map(UsageLine.init) + (try await usage.projects(of: user)).map(UsageLine.init)
    }
}

/// The usage of a user or project in the output of the command.
private struct UsageLine: Encodable {
    enum Kind: String, Encodable { case user, project }

    let kind: Kind
    /// Name of the user, or id of the project.
    let id: String
    /// The user who is charged for the project; `nil` for a user.
    let owner: String?
    let storedBytes: Int64
    let reservedBytes: Int64
    let files: Int64
    let openUploads: Int64
    let quota: Limits

    struct Limits: Encodable {
        let bytes: Int64?
        let files: Int64?
        let openUploads: Int64?
    }

    init(_ user: UserUsage) { self.init(.user, user.userName, owner: nil, user.report) }

    init(_ project: ProjectUsage) {
        self.init(.project, project.id.description, owner: project.owner, project.report)
    }

    private init(_ kind: Kind, _ id: String, owner: String?, _ report: UsageReport) {
        self.kind = kind
        self.id = id
        self.owner = owner
        storedBytes = report.usage.storedBytes
        reservedBytes = report.usage.reservedBytes
        files = report.usage.files
        openUploads = report.usage.openUploads
        quota = Limits(bytes: report.quota.bytes, files: report.quota.files, openUploads: report.quota.openUploads)
    }

    /// The cells of the table that follow the name of the user or project.
    var numbers: [String] {
        [storedBytes, reservedBytes, quota.bytes, files, quota.files, openUploads, quota.openUploads]
            .map { $0.map(String.init) ?? "-" }
    }
}
