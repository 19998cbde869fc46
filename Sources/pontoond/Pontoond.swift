import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore

@main
struct Pontoond: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pontoond",
        abstract: "Upload server for the Seven Bridges Platform v2 multipart-upload API.",
        version: "pontoond \(Build.version)",
        subcommands: [
            ServeCommand.self, UserCommand.self, TokenCommand.self, KeyCommand.self, BackupCommand.self,
            RestoreCommand.self, CheckCommand.self, CheckBucketCommand.self, ScrubCommand.self, MigrateCommand.self,
            UploadsCommand.self, QuotaCommand.self, UsageCommand.self,
        ]
    )

    /// Runs a command, and prints an error that the operator can fix as one line on standard error.
    ///
    /// - Throws: `ExitCode.failure` if an error was printed; any other error of the command.
    static func run<Value>(_ command: () async throws -> Value) async throws -> Value {
        do {
            return try await command()
        } catch let error as SettingError {
            throw failure(error.description)
        } catch let error as PontoonError {
            throw failure(error.message)
        }
    }

    /// Records an administration command in the audit log of the settings.
    static func audit(_ settings: Settings) -> CommandAudit {
        CommandAudit(settings) { warn($0) }
    }

    /// Prints a warning on standard error.
    private static func warn(_ message: String) {
        FileHandle.standardError.write(Data("pontoond: \(message)\n".utf8))
    }

    /// Prints a line on standard output without buffering, because scripts wait for some of the lines.
    static func print(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

    private static func failure(_ message: String) -> ExitCode {
        warn(message)
        return .failure
    }
}
