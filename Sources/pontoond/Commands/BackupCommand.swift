import ArgumentParser
import PontoonApp
import PontoonCore
import SystemPackage

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back up the service to a directory. The server may be running.",
        discussion: """
            The backup is consistent: it contains the records as of one moment, and every object that the records use. \
            The next run with the same directory adds only new objects, and the previous backup stays usable until the \
            new one is complete. If possible, the backup contains reflinks or hard links to the server's files, which \
            requires the same file system; otherwise, it contains verified copies. Unfinished uploads are not backed \
            up. With objects in S3, only the metadata is backed up.

            Exit status: 0 if the backup is complete, 1 if it failed or objects of the service are damaged.
            """
    )

    @Argument(help: "Directory to write the backup to: new, empty, or with an earlier backup of the same service")
    var directory: String
    @OptionGroup var stores: StoreFlags
    @OptionGroup var audit: AuditFlags
    @Flag(help: "Copy new objects if reflinks are not possible, instead of creating hard links to the server's files")
    var noHardLinks = false

    func run() async throws {
        try await Pontoond.run {
            let settings = try Settings(try GivenSettings(flags: stores.givenFlags + audit.givenFlags))
            let path = FilePath(directory).lexicallyNormalized()
            let backup = Backup(settings: settings, to: path, usesHardLinks: !noHardLinks) { Pontoond.print($0) }
            try await Pontoond.audit(settings).recording(.backup, .init(name: path.string)) { _ in
                guard try await backup.run() else { throw ExitCode.failure }
            }
        }
    }
}
