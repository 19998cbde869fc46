import ArgumentParser
import Foundation
import PontoonCore
import PontoonMetadata

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
            try await stores.withMetadata { store, _ in
                try await store.addSigningKey(.random(now: Date()))
                print("Created a signing key.")
            }
        }
    }
}
