import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore
import PontoonMetadata

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Manage tokens. The server may be running.",
        subcommands: [Create.self, List.self, Revoke.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a token for a user and print it. Only its hash is stored."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Option(help: "Description of the token, shown in lists") var name = ""
        @Option(help: "Scope of the token: \(TokenScope.allCases.map(\.rawValue).joined(separator: ", "))")
        var scope = TokenScope.full
        @Option(
            name: .customLong("project"),
            help: ArgumentHelp("Project to which the token is limited. Repeatable", valueName: "owner/project"),
            transform: { text in
                guard let id = ProjectID(text) else {
                    throw ValidationError("The project '\(text)' must have the form owner/project.")
                }
                return id
            }
        )
        var projects: [ProjectID] = []
        @Option(
            help: ArgumentHelp("Lifetime of the token, such as 30d. Default: unlimited", valueName: "duration"),
            transform: { text in
                guard let duration = CommandDuration.parse(text) else {
                    throw ValidationError("'\(text)' is not a duration from 1s to 10000d, such as 12h or 30d.")
                }
                return duration
            }
        )
        var expires: Duration?
        @Option(.listen, help: "Address that the server listens on, for --link") var listen: GivenFlag?
        @Option(.publicURL, help: "URL at which browsers reach the server, for --link") var publicURL: GivenFlag?
        @Flag(help: "Print a sign-in link for the console, with the token in it, instead of the token") var link = false
        @Argument(help: "Name of the user") var user: String

        func run() async throws {
            try await stores.withMetadata(flags: givenFlags + audit.givenFlags) { store, settings in
                if link, try await store.user(named: user)?.isService == true {
                    throw SettingError("'\(user)' is a service user, which cannot sign in to the console; omit --link")
                }
                let details = TokenDetails(
                    name: name,
                    rights: TokenRights(scope: scope, projects: projects.isEmpty ? nil : Set(projects)),
                    expiresOn: expires.map { Date().addingTimeInterval($0 / .seconds(1)) }
                )
                let accounts = Accounts(metadata: store, limits: settings.userLimits)
                let created = AuditEntry.Object(target: user, name: name.isEmpty ? nil : name)
                let (record, token) = try await Pontoond.audit(settings).recording(.tokenCreate, created) { object in
                    let created = try await accounts.createToken(for: user, details)
                    object.id = created.record.id
                    return created
                }
                FileHandle.standardError.write(Data("Created token \(record.id) for user \(user):\n".utf8))
                Pontoond.print(link ? settings.signInLink(token) : token.value)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tokens of a user, or of all users by name. The oldest token of each user comes first."
        )
        @OptionGroup var stores: StoreFlags
        @Flag(help: "List the tokens of all users") var all = false
        @Flag(help: "Print one JSON object per token instead of a table") var json = false
        @Argument(help: "Name of the user") var user: String?

        func validate() throws {
            guard all == (user == nil) else { throw ValidationError("Pass either the name of a user or --all.") }
        }

        func run() async throws {
            try await stores.withMetadata { store, settings in
                var table = Table("ID", "USER", "SCOPE", "PROJECTS", "CREATED", "EXPIRES", "LAST USED", "NAME")
                func show(_ tokens: [TokenRecord]) throws {
                    for line in tokens.map(TokenLine.init) {
                        if json { Pontoond.print(try line.jsonLine()) } else { table.append(line) }
                    }
                }
                if let user {
                    let accounts = Accounts(metadata: store, limits: settings.userLimits)
                    try show(try await accounts.tokens(of: user))
                } else {
                    try await UserAdministration(metadata: store).forEach { users in
                        for summary in users { try show(try await store.tokens(of: summary.user.name)) }
                    }
                }
                if !json { for line in table.lines { Pontoond.print(line) } }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a token. It stops working within a second.",
            discussion: """
                Every user of the machine can read the arguments of a command, so instead of its id, the token itself \
                is accepted only on standard input: pontoond token revoke - < token.txt
                """
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Id of the token, or '-' to read the id or the token itself from standard input")
        var id: String

        func run() async throws {
            try await stores.withMetadata(flags: audit.givenFlags) { store, settings in
                let accounts = Accounts(metadata: store, limits: settings.userLimits)
                let named = try named()
                // The audit log must not contain a token.
                let object = AuditEntry.Object(id: TokenRecord.isID(named) ? named : nil)
                try await Pontoond.audit(settings).recording(.tokenRevoke, object) { _ in
                    guard try await accounts.revokeToken(named) else {
                        throw SettingError("there is no such token; 'pontoond token list USER' shows a user's tokens")
                    }
                }
                Pontoond.print("Revoked the token.")
            }
        }

        private func named() throws -> String {
            if id == "-" {
                guard let text = readLine()?.trimmingCharacters(in: .whitespaces), !text.isEmpty else {
                    throw SettingError("standard input contains neither the id of a token nor a token")
                }
                return text
            }
            // The message does not contain the argument, because it may be a token.
            guard id.utf8.count == 12 else {
                throw SettingError(
                    "the argument is not a token id of 12 hex digits; pass a token itself on standard input, with '-'"
                )
            }
            return id
        }
    }
}

extension TokenScope: ExpressibleByArgument {}

/// A token in the output of the command.
private struct TokenLine: Encodable {
    let id: String
    let user: String
    let scope: String
    /// Ids of the projects to which the token is limited; `nil` if there is no limit.
    let projects: [String]?
    let created: String
    /// `nil` if the token does not expire.
    let expires: String?
    /// The day of the last use, in UTC; `nil` if the token was never used.
    let lastUsed: String?
    let name: String

    init(_ token: TokenRecord) {
        let details = token.details
        id = token.id
        user = token.userName
        scope = details.rights.scope.rawValue
        projects = details.rights.projects?.map(\.description).sorted()
        created = token.createdOn.formatted(.iso8601)
        expires = details.expiresOn?.formatted(.iso8601)
        lastUsed = token.usedOn?.formatted(.iso8601.year().month().day())
        name = details.name
    }
}

extension Table {
    fileprivate mutating func append(_ line: TokenLine) {
        append(
            line.id,
            line.user,
            line.scope,
            line.projects?.joined(separator: ",") ?? "all",
            line.created,
            line.expires ?? "never",
            line.lastUsed ?? "never",
            line.name
        )
    }
}
