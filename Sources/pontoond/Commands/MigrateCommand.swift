import ArgumentParser
import PontoonApp
import PontoonCore

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Migrate a data directory to PostgreSQL, S3 or both.",
        discussion: """
            Stop the server before you migrate its directory. Pass --metadata, --objects or both, with the values that \
            the servers will use. A store for which you pass no flag stays in the directory. Every copied object is \
            verified. To resume an interrupted migration, run the same command again. The original of a migrated store \
            stays in the directory until you delete it, but servers refuse to use it.
            """
    )

    @Option(help: ArgumentHelp("The data directory to migrate", valueName: "directory")) var from: String
    @Option(.metadata, help: "Target database, which must be empty: postgres://USER@HOST:PORT/DATABASE")
    var metadata: GivenFlag?
    @Option(.objects, help: "Target bucket, which must be empty below the prefix: s3://BUCKET/PREFIX?endpoint=URL")
    var objects: GivenFlag?
    @Option(.config) var config: GivenFlag?
    @OptionGroup var audit: AuditFlags
    @Flag(help: "Abort unfinished uploads, which otherwise prevent a migration to S3") var dropOpenUploads = false

    func run() async throws {
        try await Pontoond.run {
            let flags = givenFlags + audit.givenFlags + [GivenFlag(Setting.data, flag: "--from", from)]
            let settings = try Settings(try GivenSettings(flags: flags))
            let migration = StoreMigration(settings: settings, dropsOpenUploads: dropOpenUploads) { Pontoond.print($0) }
            try await Pontoond.audit(settings).recording(.migrate, .init(name: from)) { _ in try await migration.run() }
            Pontoond.print("Migration finished. Start the servers with the same --metadata and --objects.")
        }
    }
}
