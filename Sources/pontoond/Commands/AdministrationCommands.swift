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
        @Argument(help: "Name of the user: 1 to 64 letters, digits, '.', '_' or '-'") var name: String

        func run() async throws {
            try await stores.withMetadata { store in
                try await Accounts(metadata: store).addUser(name)
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
        @Argument(help: "Name of the user") var name: String

        func run() async throws {
            try await stores.withMetadata { store in
                let (id, token) = try await Accounts(metadata: store).createToken(for: name)
                FileHandle.standardError.write(Data("Created token \(id) for user \(name):\n".utf8))
                print(token.value)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens of a user, oldest first.")
        @OptionGroup var stores: StoreFlags
        @Argument(help: "Name of the user") var name: String

        func run() async throws {
            try await stores.withMetadata { store in
                for token in try await Accounts(metadata: store).tokens(of: name) {
                    print("\(token.id)  \(token.createdOn.formatted(.iso8601))")
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Revoke a token. It stops working within a second.")
        @OptionGroup var stores: StoreFlags
        @Argument(help: "Id of the token, as listed, or the token itself") var token: String

        func run() async throws {
            try await stores.withMetadata { store in
                guard try await Accounts(metadata: store).revokeToken(token) else {
                    throw SettingError("there is no such token; 'pontoond token list USER' shows a user's tokens")
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

        func run() async throws {
            try await stores.withMetadata { store in
                try await store.addSigningKey(.random(now: Date()))
                print("Created a signing key.")
            }
        }
    }
}

extension StoreFlags {
    fileprivate func withMetadata(_ work: (SQLMetadataStore) async throws -> Void) async throws {
        try await Pontoond.run {
            try await OpenedStores.withMetadata(try Settings(try GivenSettings(flags: givenFlags)), work)
        }
    }
}
