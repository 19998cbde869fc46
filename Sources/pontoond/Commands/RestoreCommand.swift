import ArgumentParser
import PontoonApp
import PontoonCore
import SystemPackage

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a service from a backup.",
        discussion: """
            Restores into an empty or new data directory and, with --metadata postgres://…, into an empty database. \
            Every object is copied and verified, and the backup is not changed. Users, tokens and signing keys are \
            restored too. To resume an interrupted restore, run the same command again. A backup of a service with \
            objects in S3 contains only metadata, so pass the bucket with --objects.

            Webhooks are disabled, because the original service may still be sending events. To enable them again, use \
            'pontoond webhook enable'.

            Exit status: 0 if the service is restored, 1 if not.
            """
    )

    @Argument(help: "Directory of the backup") var directory: String
    @OptionGroup var stores: StoreFlags
    @OptionGroup var audit: AuditFlags
    @Flag(help: "Compare only lengths, not checksums. This is faster on file systems with reflinks")
    var skipChecksums = false
    @Flag(help: "Keep webhooks active. Use this only if the original service will not run again")
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
