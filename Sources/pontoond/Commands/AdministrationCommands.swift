import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore
import PontoonMetadata

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Manage users. The server may be running.",
        subcommands: [Add.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user.")
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Name of the user: 1 to 64 letters, digits, '.', '_' or '-'") var name: String

        func run() async throws {
            try await stores.withAccounts(audit) { accounts, audit in
                try await audit.recording(.userAdd, .init(id: name)) { _ in try await accounts.addUser(name) }
                print("Added user \(name). Create a token with 'pontoond token create \(name)'.")
            }
        }
    }
}

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
        @Option(.listen, help: "Address that the server listens on, for --link") var listen: GivenFlag?
        @Option(.publicURL, help: "URL under which browsers reach the server, for --link") var publicURL: GivenFlag?
        @Flag(help: "Print a link that signs in to the console, instead of the token alone") var link = false
        @Argument(help: "Name of the user") var name: String

        func run() async throws {
            try await Pontoond.run {
                let settings = try Settings(try GivenSettings(flags: stores.givenFlags + audit.givenFlags + givenFlags))
                try await OpenedStores.withMetadata(settings) { store in
                    let accounts = Accounts(metadata: store, limits: settings.userLimits)
                    let audit = Pontoond.audit(settings)
                    let (id, token) = try await audit.recording(.tokenCreate, .init(target: name)) { object in
                        let created = try await accounts.createToken(for: name)
                        object.id = created.id
                        return created
                    }
                    FileHandle.standardError.write(Data("Created token \(id) for user \(name):\n".utf8))
                    print(link ? settings.signInLink(token) : token.value)
                }
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens of a user, oldest first.")
        @OptionGroup var stores: StoreFlags
        @Argument(help: "Name of the user") var name: String

        func run() async throws {
            try await stores.withAccounts { accounts, _ in
                for token in try await accounts.tokens(of: name) {
                    print("\(token.id)  \(token.createdOn.formatted(.iso8601))")
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a token. It stops working within a second.")
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags
        @Argument(help: "Id of the token, as listed, or the token itself") var token: String

        func run() async throws {
            try await stores.withAccounts(audit) { accounts, audit in
                // The argument may be the token itself, which the audit log must not contain.
                try await audit.recording(.tokenRevoke, .init(id: TokenRecord.isID(token) ? token : nil)) { _ in
                    guard try await accounts.revokeToken(token) else {
                        throw SettingError("there is no such token; 'pontoond token list USER' shows a user's tokens")
                    }
                }
                print("Revoked the token.")
            }
        }
    }
}

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Manage the keys that sign URLs. The server may be running.",
        subcommands: [Rotate.self]
    )

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a signing key. Servers use it within a minute; earlier URLs stay valid until they expire."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags

        func run() async throws {
            try await stores.withMetadata(audit) { store, settings in
                let key = SigningKey.random(now: Date())
                try await Pontoond.audit(settings).recording(.keyRotate, .init(id: key.id)) { _ in
                    try await store.addSigningKey(key)
                }
                print("Created a signing key.")
            }
        }
    }
}

extension StoreFlags {
    fileprivate func withMetadata(
        _ audit: AuditFlags? = nil,
        _ work: (SQLMetadataStore, Settings) async throws -> Void
    ) async throws {
        try await Pontoond.run {
            let settings = try Settings(try GivenSettings(flags: givenFlags + (audit?.givenFlags ?? [])))
            try await OpenedStores.withMetadata(settings) { try await work($0, settings) }
        }
    }

    fileprivate func withAccounts(
        _ audit: AuditFlags? = nil,
        _ work: (Accounts, CommandAudit) async throws -> Void
    ) async throws {
        try await withMetadata(audit) { store, settings in
            try await work(Accounts(metadata: store, limits: settings.userLimits), Pontoond.audit(settings))
        }
    }
}
