import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore

/// The command `pontoond migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract:
            "StoreMigration the data of a folder to PostgreSQL, to S3, or to both; no server may use the folder meanwhile.",
        discussion: """
            --metadata and --objects say where to, as they will for the servers afterwards; what is not named stays in the \
            folder. Every copy is compared with its original. A move that was cut goes on when it is asked for again. What \
            was moved also stays in the folder, until you remove it; a server is not started on it any more.
            """
    )

    @Option(help: ArgumentHelp("The data folder to move.", valueName: "folder"))
    var from: String

    @Option(help: ArgumentHelp("postgres://USER@HOST:PORT/DATABASE, an empty one", valueName: "url"))
    var metadata: String?

    @Option(help: ArgumentHelp("s3://BUCKET/PREFIX?endpoint=URL, with nothing in it", valueName: "url"))
    var objects: String?

    @Option(help: ArgumentHelp(SettingKey.config.help, valueName: "file"))
    var config: String?

    @Flag(help: "Abort uploads that are not completed, instead of refusing to move while there are some")
    var dropOpenUploads = false

    func run() async throws {
        try await reporting {
            let flags: [SettingKey: String?] = [
                .data: from, .metadata: metadata, .objects: objects, .config: config,
            ]
            let settings = try Settings(try await GivenSettings(flags: flags.compactMapValues { $0 }))
            try await StoreMigration(settings: settings, dropsOpenUploads: dropOpenUploads) { line in
                FileHandle.standardOutput.write(Data("\(line)\n".utf8))
            }.run()
            print("Moved. Start the servers with the same --metadata and --objects.")
        }
    }
}
