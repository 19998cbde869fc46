import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

/// What every command that calls the API takes.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Section of ~/.sevenbridges/credentials.", valueName: "name"))
    var profile: String?

    @Option(help: ArgumentHelp("Address of the API, or us, eu, cgc, cavatica, bdc, china.", valueName: "url"))
    var endpoint: String?

    @Option(help: ArgumentHelp("PEM file of certificates to trust; also SSL_CERT_FILE.", valueName: "file"))
    var caFile: String?

    @Flag(help: "Print one JSON object per line, for scripts.")
    var json = false

    /// Where uploads in progress are remembered.
    static var stateFolder: FilePath {
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return FilePath(state).appending("pontoon")
        }
        return homeFolder.appending(".local/state/pontoon")
    }

    static var homeFolder: FilePath { FilePath(FileManager.default.homeDirectoryForCurrentUser.path) }

    /// Text of the user's credentials file; `nil` when there is none.
    static func credentialsText() throws -> String? {
        let path = CredentialsFile.path(home: homeFolder)
        guard FileManager.default.fileExists(atPath: path.string) else { return nil }
        do {
            return try String(contentsOfFile: path.string, encoding: .utf8)
        } catch {
            throw ClientError(.credentialsMissing, "'\(path)' cannot be read.", advice: "Check its permissions.")
        }
    }

    func credentials() throws -> Credentials {
        try Credentials.find(
            profile: profile,
            endpoint: endpoint,
            environment: ProcessInfo.processInfo.environment,
            file: try Self.credentialsText()
        )
    }

    func settings() -> ClientSettings {
        var settings = ClientSettings(environment: ProcessInfo.processInfo.environment)
        if let caFile { settings.caFile = FilePath(caFile) }
        return settings
    }

    /// Runs with a client.
    func withClient<Value: Sendable>(_ body: (SevenBridgesClient) async throws -> Value) async throws -> Value {
        try await SevenBridgesClient.withClient(try credentials(), settings: settings(), body)
    }
}
