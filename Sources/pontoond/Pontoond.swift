import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore
import PontoonMetadata
import Synchronization

@main
struct Pontoond: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pontoond",
        abstract: "Upload server for the Seven Bridges Platform v2 multipart-upload API.",
        version: "pontoond \(Build.description)",
        subcommands: [
            ServeCommand.self, UserCommand.self, TokenCommand.self, KeyCommand.self, BackupCommand.self,
            RestoreCommand.self, CheckCommand.self, CheckBucketCommand.self, ScrubCommand.self, MigrateCommand.self,
            UploadsCommand.self, QuotaCommand.self, UsageCommand.self, WebhookCommand.self,
        ]
    )

    /// The reason why output could not be written; `nil` if all output was written.
    private static let lostOutput = Mutex<String?>(nil)

    /// Parses the arguments and runs the command; exits with its status.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch  where exitCode(for: error).isSuccess {
            // The user requested the help, the version or a completion script.
            print(fullMessage(for: error))
        } catch {
            exit(withError: error)
        }
        guard let reason = lostOutput.withLock({ $0 }) else { return }
        warn("cannot write to standard output: \(reason)")
        exit(withError: ExitCode.failure)
    }

    /// Runs a command, and prints a `SettingError`, `PontoonError` or `SQLError` as one line on standard error.
    ///
    /// - Throws: `ExitCode.failure` if an error was printed; any other error of the command.
    static func run<Value>(_ command: () async throws -> Value) async throws -> Value {
        do {
            return try await command()
        } catch let error as SettingError {
            throw failure(error.description)
        } catch let error as PontoonError {
            throw failure(error.message)
        } catch let error as SQLError {
            let text = error.description.split(whereSeparator: \.isNewline).joined(separator: " ")
            throw failure("cannot use the database: \(text)")
        }
    }

    /// Returns a recorder for the audit log that the settings select.
    static func audit(_ settings: Settings) -> CommandAudit {
        CommandAudit(settings) { warn($0) }
    }

    /// Prints a warning on standard error.
    private static func warn(_ message: String) {
        FileHandle.standardError.write(Data("pontoond: \(message)\n".utf8))
    }

    /// Prints a line of a command's result on standard output, without buffering.
    ///
    /// If a line cannot be written, the process exits with status 1 when the command has finished.
    static func print(_ line: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
        } catch {
            lostOutput.withLock { $0 = $0 ?? error.localizedDescription }
        }
    }

    /// Prints a line about the state of the server, without buffering, because scripts wait for some of these lines.
    ///
    /// Ignores write errors, so that the server continues to run if nobody reads its output.
    static func announce(_ line: String) {
        do { try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8)) } catch {}
    }

    private static func failure(_ message: String) -> ExitCode {
        warn(message)
        return .failure
    }
}
