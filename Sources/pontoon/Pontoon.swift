import ArgumentParser

/// The client of Pontoon and of the Seven Bridges Platform.
@main
struct Pontoon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pontoon",
        abstract: "Uploads and downloads for the Seven Bridges Platform v2 API, and for Pontoon.",
        discussion: """
            Who to call and as whom comes from the environment (SB_API_ENDPOINT, SB_AUTH_TOKEN) or from \
            ~/.sevenbridges/credentials, the file that the platform's own clients read.

            It ends with 0 when all is done, 1 when some of several files failed for different reasons, 64 for \
            arguments that make no sense, and otherwise: 3 not allowed, 4 not found, 5 name taken, 6 no connection, \
            7 checksums differ, 8 a local file, 9 another process is at it, 10 the server refused or failed, \
            130 interrupted.
            """,
        subcommands: [
            UploadCommand.self, DownloadCommand.self, UploadsCommand.self, ListCommand.self, ProjectsCommand.self,
            FilesCommand.self, VerifyCommand.self, CompareCommand.self, DoctorCommand.self, ConfigCommand.self,
        ]
    )
}
