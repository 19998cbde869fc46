import ArgumentParser
import PontoonCore

@main
struct Pontoon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pontoon",
        abstract: "Upload files to the Seven Bridges Platform or a Pontoon server, and download them.",
        discussion: """
            The API's URL and your token come from the environment (SB_API_ENDPOINT, SB_AUTH_TOKEN) or from \
            ~/.sevenbridges/credentials, the file that the platform's own clients use. Run 'pontoon config' to create \
            the file, and 'pontoon doctor' to check the connection.

            Exit codes: 0 success, 1 several files failed for different reasons, 3 not allowed, 4 not found, 5 name \
            taken, 6 no connection, 7 checksums differ, 8 problem with a local file, 9 in use by another process, \
            10 refused by the server or storage, 64 invalid arguments, 130 interrupted.
            """,
        version: "pontoon \(Build.description)",
        subcommands: [
            UploadCommand.self, WatchCommand.self, DownloadCommand.self, SyncCommand.self, CatCommand.self,
            UploadsCommand.self, ListCommand.self, FindCommand.self, DiskUsageCommand.self, StatCommand.self,
            MakeFolderCommand.self, FilesCommand.self, ChecksumCommand.self, VerifyCommand.self, CompareCommand.self,
            ProjectsCommand.self, MembersCommand.self, UsageCommand.self, TokenCommand.self, WhoamiCommand.self,
            DoctorCommand.self, ConfigCommand.self,
        ]
    )
}
