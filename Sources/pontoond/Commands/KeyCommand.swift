import ArgumentParser
import Foundation
import PontoonApp
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
            abstract:
                "Create a key for new URLs. Servers use it within a minute. Older URLs stay valid until they expire."
        )
        @OptionGroup var stores: StoreFlags
        @OptionGroup var audit: AuditFlags

        func run() async throws {
            try await stores.withMetadata(flags: audit.givenFlags) { store, settings in
                let key = SigningKey.random(now: Date())
                try await Pontoond.audit(settings).recording(.keyRotate, .init(id: key.id)) { _ in
                    try await store.addSigningKey(key)
                }
                Pontoond.print("Created a signing key.")
            }
        }
    }
}
