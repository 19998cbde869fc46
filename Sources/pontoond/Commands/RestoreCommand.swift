import ArgumentParser
import PontoonApp
import PontoonCore
import SystemPackage

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a service from a backup.",
        discussion: """
            Restores to a new or empty data directory and, with --metadata postgres://…, to an empty database. All \
            objects are copied, and their checksums are verified unless you pass --skip-checksums. The backup is not \
            changed. Users, tokens and signing keys are restored too. To resume an interrupted restore, run the same \
            command again. A backup of a service with objects in S3 contains only metadata, so pass the bucket with \
            --objects.

            Unless you pass --keep-webhooks, active webhooks are disabled, because the original service may still be \
            sending events. To enable a webhook again, use 'pontoond webhook enable'.

            Exit status: 0 if the service is restored, 1 if not.
            """
    )

    @Argument(help: "Directory that contains the backup") var directory: String
    @OptionGroup var stores: StoreFlags
    @OptionGroup var audit: AuditFlags
    @Flag(help: "Verify only the lengths of objects, not their checksums. With reflinks, no bytes are then read")
    var skipChecksums = false
    @Flag(help: "Do not disable active webhooks. Use this only if the original service will not run again")
    var keepWebhooks = false

    func run() async throws {
        try await Pontoond.run {
            let settings = try Settings(try GivenSettings(flags: stores.givenFlags + audit.givenFlags))
            let restore = Restore(
                settings: settings,
                from: FilePath(directory).lexicallyNormalized(),
                verifiesChecksums: !skipChecksums,
                keepsWebhooks: keepWebhooks
            ) { Pontoond.print($0) }
            try await Pontoond.audit(settings).recording(.restore, .init(name: directory)) { _ in
                guard try await restore.run() else { throw ExitCode.failure }
            }
            Pontoond.print("Start the server with the same settings.")
        }
    }
}
