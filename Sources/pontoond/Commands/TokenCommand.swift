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
        @Option(help: "Allowed calls: \(TokenScope.allCases.map(\.rawValue).joined(separator: ", "))")
        var scope = TokenScope.full
        @Option(
            name: .customLong("project"),
            help: ArgumentHelp("Project to which the token is limited; may be repeated", valueName: "owner/project"),
            transform: { text in
                guard let id = ProjectID(text) else {
                    throw ValidationError("The project '\(text)' must have the form owner/project.")
                }
                return id
            }
        )
        var projects: [ProjectID] = []
        @Option(
            help: ArgumentHelp("Lifetime of the token, such as 30d; by default unlimited", valueName: "duration"),
            transform: { text in
                guard let duration = CommandDuration.parse(text) else {
                    throw ValidationError("'\(text)' is not a duration from 1s to 10000d, such as 12h or 30d.")
                }
                return duration
            }
        )
        var expires: Duration?
        @Option(.listen, help: "Address that the server listens on, for --link") var listen: GivenFlag?
        @Option(.publicURL, help: "URL under which browsers reach the server, for --link") var publicURL: GivenFlag?
        @Flag(help: "Print a link that signs in to the console, instead of the token alone") var link = false
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
            abstract: "List the tokens of a user or of all users, oldest first for each user."
        )
        @OptionGroup var stores: StoreFlags
        @Flag(help: "List the tokens of all users") var all = false
        @Argument(help: "Name of the user") var user: String?

        func validate() throws {
            guard all == (user == nil) else { throw ValidationError("Give either the name of a user or --all.") }
        }

        func run() async throws {
            try await stores.withMetadata { store, settings in
                let accounts = Accounts(metadata: store, limits: settings.userLimits)
                var table = Table("ID", "USER", "SCOPE", "PROJECTS", "CREATED", "EXPIRES", "LAST USED", "NAME")
                if let user {
                    for token in try await accounts.tokens(of: user) { table.append(token) }
                } else {
                    try await UserAdministration(metadata: store).forEach { users in
                        for summary in users {
                            for token in try await store.tokens(of: summary.user.name) { table.append(token) }
                        }
                    }
                }
                for line in table.lines { Pontoond.print(line) }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke a token. It stops working within a second.",
            discussion: """
                Every user of the machine can read the arguments of a command, so a token itself is accepted only on \
                standard input: pontoond token revoke - < token.txt
                """
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Id of the token, as listed; '-' reads the id, or the token itself, from standard input")
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
            // Not repeated in the message, because it may be a token.
            guard id.utf8.count == 12 else {
                throw SettingError(
                    "the argument is not a token's id of 12 digits; give a token itself on standard input, with '-'"
                )
            }
            return id
        }
    }
}

extension TokenScope: ExpressibleByArgument {}

extension Table {
    fileprivate mutating func append(_ token: TokenRecord) {
        let details = token.details
        append(
            token.id,
            token.userName,
            details.rights.scope.rawValue,
            details.rights.projects.map { $0.map(\.description).sorted().joined(separator: ",") } ?? "all",
            token.createdOn.formatted(.iso8601),
            details.expiresOn?.formatted(.iso8601) ?? "never",
            token.usedOn.map { String($0.formatted(.iso8601).prefix(10)) } ?? "never",
            details.name
        )
    }
}
