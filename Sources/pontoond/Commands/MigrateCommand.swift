import ArgumentParser
import PontoonApp

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Migrate the data of a directory to PostgreSQL, to S3, or to both.",
        discussion: """
            No server may use the directory meanwhile. Give --metadata, --objects or both, with the same values as for the \
            servers later; what is not named stays in the directory. Every copy is compared with its original. Run the \
            command again to resume an interrupted migration. The original data stays in the directory until you delete it; \
            a server no longer starts on it.
            """
    )

    @Option(help: ArgumentHelp("The data directory to migrate", valueName: "directory")) var from: String
    @Option(.metadata, help: "Target database: postgres://USER@HOST:PORT/DATABASE; it must be empty")
    var metadata: GivenFlag?
    @Option(.objects, help: "Target bucket: s3://BUCKET/PREFIX?endpoint=URL; it must be empty below the prefix")
    var objects: GivenFlag?
    @Option(.config) var config: GivenFlag?
    @Flag(help: "Abort unfinished uploads; otherwise their presence stops the migration") var dropOpenUploads = false

    func run() async throws {
        try await Pontoond.run {
            let flags = givenFlags + [GivenFlag(Setting.data, flag: "--from", from)]
            let settings = try Settings(try GivenSettings(flags: flags))
            let migration = StoreMigration(settings: settings, dropsOpenUploads: dropOpenUploads) { Pontoond.print($0) }
            try await migration.run()
            Pontoond.print("Migration finished. Start the servers with the same --metadata and --objects.")
        }
    }
}
