import ArgumentParser
import Foundation
import PontoonApp
import PontoonCore

/// The server and its administration.
@main
struct Pontoond: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pontoond",
        abstract: "Upload server for the Seven Bridges Platform v2 multipart-upload API.",
        subcommands: [
            ServeCommand.self, UserCommand.self, TokenCommand.self, KeyCommand.self, MigrateCommand.self,
        ]
    )
}

extension AsyncParsableCommand {
    /// Runs a command's work; what the user can put right is one plain line on standard error.
    func reporting(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let error as SettingError {
            throw Self.failure(error.description)
        } catch let error as PontoonError {
            throw Self.failure(error.message)
        }
    }

    private static func failure(_ message: String) -> ExitCode {
        FileHandle.standardError.write(Data("pontoond: \(message)\n".utf8))
        return .failure
    }
}
