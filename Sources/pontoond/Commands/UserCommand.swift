import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Manage users. The server may be running.",
        subcommands: [Add.self, Set.self, List.self, Disable.self, Enable.self, Remove.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user.")
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Flag(help: "Add a service user, for a program. It cannot own projects or sign in to the console")
        var service = false
        @Flag(help: "Add an administrator, who may list all users with GET /v2/users")
        var administrator = false
        @Option(help: "Email address, which admins of projects can use to add the user as a member")
        var email: String?
        @Argument(help: "Name of the user: 1 to 64 letters, digits, '.', '_' or '-'") var name: String

        func run() async throws {
            try await stores.withUsers(audit) { users, audit in
                try await audit.recording(.userAdd, .init(id: name)) { _ in
                    try await users.add(
                        name,
                        isService: service,
                        isAdministrator: administrator,
                        email: email
                    )
                }
                Pontoond.print(
                    """
                    Added \(service ? "service user" : "user") \(name). \
                    Create a token with 'pontoond token create \(name)'.
                    """
                )
            }
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a user's email address or role."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Option(help: "New email address") var email: String?
        @Flag(help: "Remove the email address from the user") var noEmail = false
        @Flag(
            inversion: .prefixedNo,
            help: "Grant or revoke the administrator role, which allows listing all users with GET /v2/users"
        )
        var administrator: Bool?
        @Argument(help: "Name of the user") var name: String

        func validate() throws {
            guard email == nil || !noEmail else { throw ValidationError("Pass either --email or --no-email.") }
            guard email != nil || noEmail || administrator != nil else {
                throw ValidationError("Pass --email, --no-email, --administrator or --no-administrator.")
            }
        }

        func run() async throws {
            try await stores.withUsers(audit) { users, audit in
                try await audit.recording(.userUpdate, .init(id: name)) { _ in
                    if let administrator { try await users.setAdministrator(name, administrator) }
                    if email != nil || noEmail { try await users.setEmail(of: name, to: email) }
                }
                Pontoond.print("Changed user \(name).")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all users by name, with the number of projects and of tokens that each user has."
        )
        @OptionGroup var stores: StoreFlags
        @Flag(help: "Print one JSON object per user instead of a table") var json = false

        func run() async throws {
            try await stores.withUsers { users, _ in
                var table = Table("NAME", "KIND", "STATE", "CREATED", "EMAIL", "PROJECTS", "TOKENS")
                try await users.forEach { summaries in
                    for line in summaries.map(UserLine.init) {
                        if json { Pontoond.print(try line.jsonLine()) } else { table.append(line) }
                    }
                }
                if !json { for line in table.lines { Pontoond.print(line) } }
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Disable a user, whose tokens and upload links stop working within a second. No data is deleted."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Name of the user") var name: String

        func run() async throws {
            try await stores.withUsers(audit) { users, audit in
                try await audit.recording(.userDisable, .init(id: name)) { _ in try await users.disable(name) }
                Pontoond.print("Disabled user \(name).")
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Enable a disabled user. The user's tokens and upload links work again, unless they have expired."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Name of the user") var name: String

        func run() async throws {
            try await stores.withUsers(audit) { users, audit in
                try await audit.recording(.userEnable, .init(id: name)) { _ in try await users.enable(name) }
                Pontoond.print("Enabled user \(name).")
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                Remove a user, and the user's tokens, memberships, upload links, unfinished uploads and automations.
                """,
            discussion: """
                A user who owns projects is removed only with --give-projects-to or --delete-projects. The user's \
                files in other users' projects stay. Running servers remove the bytes of deleted files within about a \
                minute.
                """
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Option(
            help: ArgumentHelp("Transfer the user's projects to another user, without changing ids", valueName: "user")
        )
        var giveProjectsTo: String?
        @Flag(help: "Delete the user's own projects with all their files") var deleteProjects = false
        @Argument(help: "Name of the user") var name: String

        func validate() throws {
            guard giveProjectsTo == nil || !deleteProjects else {
                throw ValidationError("--give-projects-to and --delete-projects cannot be combined.")
            }
        }

        func run() async throws {
            try await stores.withUsers(audit) { users, audit in
                let projects: UserAdministration.OwnedProjects =
                    if let giveProjectsTo { .give(to: giveProjectsTo) } else { deleteProjects ? .delete : .refuse }
                let removed = AuditEntry.Object(id: name, target: giveProjectsTo)
                try await audit.recording(.userRemove, removed) { _ in
                    try await users.remove(name, projects: projects) { tokens in
                        for token in tokens { audit.recordSuccess(.tokenRevoke, token.auditObject) }
                    }
                }
                Pontoond.print("Removed user \(name).")
            }
        }
    }
}

extension StoreFlags {
    fileprivate func withUsers(
        _ audit: AuditFlags? = nil,
        _ work: (UserAdministration, CommandAudit) async throws -> Void
    ) async throws {
        try await withMetadata(flags: audit?.givenFlags ?? []) { store, settings in
            try await work(UserAdministration(metadata: store), Pontoond.audit(settings))
        }
    }
}

/// A user in the output of the command.
private struct UserLine: Encodable {
    let name: String
    let kind: String
    let state: String
    let created: String
    /// Number of projects that the user owns.
    let projects: Int
    /// Number of the user's tokens.
    let tokens: Int
    let email: String?

    init(_ summary: UserSummary) {
        name = summary.user.name
        kind = summary.user.isService ? "service" : summary.user.isAdministrator ? "administrator" : "user"
        state = summary.user.disabledOn == nil ? "active" : "disabled"
        created = summary.user.createdOn.formatted(.iso8601)
        projects = summary.ownedProjects
        tokens = summary.tokens
        email = summary.user.email
    }
}

extension Table {
    fileprivate mutating func append(_ line: UserLine) {
        append(
            line.name,
            line.kind,
            line.state,
            line.created,
            line.email ?? "-",
            "\(line.projects)",
            "\(line.tokens)"
        )
    }
}
