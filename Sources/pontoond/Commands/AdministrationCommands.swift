import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore
import PontoonMetadata

/// The commands `pontoond user …`.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Manage users; works while the server runs.",
        subcommands: [Add.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a user.")
        @OptionGroup var data: DataFlags
        @Argument(help: "1 to 64 letters, digits, '.', '_' or '-'") var name: String

        func run() async throws {
            try await withMetadata(data) { store in
                try await Accounts(metadata: store).addUser(name)
                print("Added user \(name). 'pontoond token create \(name)' makes a token.")
            }
        }
    }
}

/// The commands `pontoond token …`.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Manage tokens; works while the server runs.",
        subcommands: [Create.self, List.self, Revoke.self]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token for a user. It is printed this once; only its hash is stored."
        )
        @OptionGroup var data: DataFlags
        @Argument(help: "Name of the user") var name: String

        func run() async throws {
            try await withMetadata(data) { store in
                let (id, token) = try await Accounts(metadata: store).createToken(for: name)
                FileHandle.standardError.write(Data("Made token \(id) of user \(name):\n".utf8))
                print(token.value)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tokens of a user, oldest first.")
        @OptionGroup var data: DataFlags
        @Argument(help: "Name of the user") var name: String

        func run() async throws {
            try await withMetadata(data) { store in
                for token in try await Accounts(metadata: store).tokens(of: name) {
                    print("\(token.id)  \(token.createdOn.formatted(.iso8601))")
                }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "End a token; the next call with it is refused.")
        @OptionGroup var data: DataFlags
        @Argument(help: "Id of the token as listed, or the token itself") var token: String

        func run() async throws {
            try await withMetadata(data) { store in
                guard try await Accounts(metadata: store).revokeToken(token) else {
                    throw SettingError("there is no such token")
                }
                print("Revoked.")
            }
        }
    }
}

/// The commands `pontoond key …`.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Manage the keys that sign URLs; works while the server runs.",
        subcommands: [Rotate.self]
    )

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new key. The server signs with it within a minute; URLs signed earlier stay good."
        )
        @OptionGroup var data: DataFlags

        func run() async throws {
            try await withMetadata(data) { store in
                try await store.addSigningKey(.random(now: Date()))
                print("Made a new key.")
            }
        }
    }
}

extension AsyncParsableCommand {
    /// Opens the metadata store; one in a data folder must exist.
    fileprivate func withMetadata(_ data: DataFlags, _ work: (SQLMetadataStore) async throws -> Void) async throws {
        try await reporting {
            let settings = try Settings(try await GivenSettings(flags: data.values))
            if case .sqlite = settings.metadata, !FileManager.default.fileExists(atPath: settings.sqlite.path) {
                throw SettingError(.data, "'\(settings.data)' holds no data; 'pontoond serve' makes it")
            }
            let store = try await OpenedStores.openMetadata(settings)
            do {
                try await work(store)
            } catch {
                try await store.close()
                throw error
            }
            try await store.close()
        }
    }
}
