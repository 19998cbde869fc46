import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore
import PontoonMetadata

struct QuotaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota",
        abstract: "Limit the storage that projects and their owners use. The server may be running.",
        subcommands: [Set.self, Show.self, List.self]
    )

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set limits for a user or project. Limits whose option is not given stay the same.",
            discussion: """
                For --bytes, 'default' means the server's setting --user-quota or --project-quota. For --files and \
                --uploads, it means no limit. If a limit is lower than the current usage, nothing stored is \
                deleted, but nothing can be added. The limits of a user apply to the total of all projects that the \
                user owns, regardless of who uploads to these projects.
                """
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @OptionGroup var subject: QuotaSubject
        @Option(
            help: ArgumentHelp(
                "Maximum total size of files and unfinished uploads, such as 5TiB",
                valueName: "size|unlimited|default"
            ),
            transform: QuotaCommand.bytes
        )
        var bytes: QuotaValue?
        @Option(
            help: ArgumentHelp(
                "Maximum number of files and unfinished uploads",
                valueName: "number|unlimited|default"
            ),
            transform: QuotaCommand.count
        )
        var files: QuotaValue?
        @Option(
            help: ArgumentHelp("Maximum number of unfinished uploads", valueName: "number|unlimited|default"),
            transform: QuotaCommand.count
        )
        var uploads: QuotaValue?

        func validate() throws {
            guard bytes != nil || files != nil || uploads != nil else {
                throw ValidationError("Pass at least one of --bytes, --files and --uploads.")
            }
        }

        func run() async throws {
            let change = QuotaChange(bytes: bytes, files: files, openUploads: uploads)
            let subject = try subject.value()
            try await stores.withMetadata(flags: audit.givenFlags) { store, settings in
                let report = try await Pontoond.audit(settings).recording(.quotaSet, subject.auditObject) { _ in
                    guard try await store.setQuota(change, of: subject) != nil else { throw subject.isMissing }
                    return try await store.usage(of: subject)
                }
                guard let report else { throw subject.isMissing }
                Pontoond.print("Set the quota of \(subject.text): \(report.quota.text).")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the limits and the current usage of a user or project.",
            discussion: """
                Use the server's settings file or environment, because they contain the default limits. Sizes are in \
                bytes. '-' means no limit.
                """
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var subject: QuotaSubject
        @Flag(help: "Print a JSON object instead of a table") var json = false

        func run() async throws {
            let subject = try subject.value()
            try await stores.withMetadata { store, _ in
                guard let report = try await store.usage(of: subject) else { throw subject.isMissing }
                let line = QuotaLine(subject, report)
                if json { return Pontoond.print(try line.jsonLine()) }
                var table = Table("", "USED", "RESERVED", "LIMIT")
                let (usage, quota) = (report.usage, report.quota)
                table.append("bytes", "\(usage.storedBytes)", "\(usage.reservedBytes)", quota.bytes.text)
                table.append("files", "\(usage.files)", "\(usage.openUploads)", quota.files.text)
                table.append("uploads", "\(usage.openUploads)", "", quota.openUploads.text)
                for line in table.lines { Pontoond.print(line) }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the users that have a limit, and then the projects that have one, each sorted by name.",
            discussion: """
                Use the server's settings file or environment, because they contain the default limits. Sizes are in \
                bytes. '-' means no limit.
                """
        )
        @OptionGroup var stores: StoreFlags
        @Flag(help: "Print one JSON object per line instead of a table") var json = false

        func run() async throws {
            let lines = try await stores.withMetadata { store, _ in
                var lines: [QuotaLine] = []
                var lastUser: String?
                repeat {
                    let page = try await store.usages(ofUsersAfter: lastUser, limit: QuotaCommand.batch)
                    lines += page.map { QuotaLine(.user($0.userName), $0.report) }
                    lastUser = page.last?.userName
                } while lastUser != nil
                var lastProject: ProjectID?
                repeat {
                    let page = try await store.usages(ofProjectsOf: nil, after: lastProject, limit: QuotaCommand.batch)
                    lines += page.map { QuotaLine(.project($0.id), $0.report) }
                    lastProject = page.last?.id
                } while lastProject != nil
                return lines.filter { !$0.isUnlimited }
            }
            if json { return try lines.forEach { Pontoond.print(try $0.jsonLine()) } }
            var table = Table("KIND", "NAME", "BYTES", "LIMIT", "FILES", "LIMIT", "UPLOADS", "LIMIT")
            for line in lines { table.append(line) }
            for line in table.lines { Pontoond.print(line) }
        }
    }

    private static let batch = 500

    @Sendable fileprivate static func bytes(_ text: String) throws -> QuotaValue {
        guard let value = QuotaArgument.parse(bytes: text) else {
            throw ValidationError(
                "'\(text)' is not allowed; use 'unlimited', 'default' or a size from 0 to 1048576TiB, such as 5TiB."
            )
        }
        return value
    }

    @Sendable fileprivate static func count(_ text: String) throws -> QuotaValue {
        guard let value = QuotaArgument.parse(count: text) else {
            throw ValidationError(
                "'\(text)' is not allowed; use 'unlimited', 'default' or a number from 0 to 1000000000000."
            )
        }
        return value
    }
}

/// The arguments that name a user or project.
struct QuotaSubject: ParsableArguments {
    enum Kind: String, ExpressibleByArgument, CaseIterable { case user, project }

    @Argument(help: "Whether the limits are those of a user or of a project") var kind: Kind
    @Argument(help: ArgumentHelp("Name of the user, or id of the project: owner/project", valueName: "name"))
    var name: String

    /// Returns the user or project.
    ///
    /// - Throws: `ValidationError` if the id of a project does not have the form `owner/project`.
    func value() throws -> UsageSubject {
        switch kind {
        case .user: return .user(name)
        case .project:
            guard let id = ProjectID(name) else {
                throw ValidationError("The project '\(name)' must have the form owner/project.")
            }
            return .project(id)
        }
    }

    func validate() throws { _ = try value() }
}

extension UsageSubject {
    fileprivate var text: String {
        switch self {
        case .user(let name): "user \(name)"
        case .project(let id): "project \(id)"
        }
    }

    fileprivate var isMissing: PontoonError {
        switch self {
        case .user(let name): PontoonError.noUser(name)
        case .project(let id): PontoonError.noProject(id)
        }
    }

    fileprivate var auditObject: AuditEntry.Object {
        switch self {
        case .user(let name): AuditEntry.Object(id: name)
        case .project(let id): AuditEntry.Object(project: id.description)
        }
    }
}

extension Int64? {
    /// The number, or `-` for `nil`, which means no limit.
    fileprivate var text: String { map(String.init) ?? "-" }
}

extension Quota {
    fileprivate var text: String {
        func limit(_ number: Int64?, _ unit: String) -> String {
            number.map { "at most \($0) \(unit)" } ?? "any number of \(unit)"
        }
        return [limit(bytes, "bytes"), limit(files, "files"), limit(openUploads, "unfinished uploads")]
            .joined(separator: ", ")
    }
}

/// The limits and usage of a user or project in the output of a command.
private struct QuotaLine: Encodable {
    struct Number: Encodable {
        let used: Int64
        let reserved: Int64
        /// `nil` for no limit.
        let limit: Int64?
    }

    let kind: String
    let name: String
    let bytes: Number
    let files: Number
    let uploads: Number

    init(_ subject: UsageSubject, _ report: UsageReport) {
        switch subject {
        case .user(let name): (kind, self.name) = ("user", name)
        case .project(let id): (kind, name) = ("project", id.description)
        }
        let (usage, quota) = (report.usage, report.quota)
        bytes = Number(used: usage.storedBytes, reserved: usage.reservedBytes, limit: quota.bytes)
        files = Number(used: usage.files, reserved: usage.openUploads, limit: quota.files)
        uploads = Number(used: usage.openUploads, reserved: 0, limit: quota.openUploads)
    }

    var isUnlimited: Bool { bytes.limit == nil && files.limit == nil && uploads.limit == nil }
}

extension Table {
    fileprivate mutating func append(_ line: QuotaLine) {
        append(
            line.kind,
            line.name,
            "\(line.bytes.used.addingClamped(line.bytes.reserved))",
            line.bytes.limit.text,
            "\(line.files.used.addingClamped(line.files.reserved))",
            line.files.limit.text,
            "\(line.uploads.used)",
            line.uploads.limit.text
        )
    }
}
