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

    @Option(help: ArgumentHelp("How long a transfer may stand still before it is begun anew.", valueName: "seconds"))
    var timeout = 60

    @Option(help: ArgumentHelp("Attempts of a request before it fails.", valueName: "n"))
    var retries = 10

    @Flag(help: "Print one JSON object per line, for scripts.")
    var json = false

    func validate() throws {
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout must be 1 to 86400 seconds.") }
        guard (1...1000).contains(retries) else { throw ValidationError("--retries must be 1 to 1000.") }
    }

    /// Where uploads in progress are remembered.
    static var stateFolder: FilePath {
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return FilePath(state).appending("pontoon")
        }
        return homeFolder.appending(".local/state/pontoon")
    }

    /// `HOME` first, as the platform's own clients have it.
    static var homeFolder: FilePath {
        if let home = ProcessInfo.processInfo.environment["HOME"], home.hasPrefix("/") { return FilePath(home) }
        return FilePath(FileManager.default.homeDirectoryForCurrentUser.path)
    }

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
        settings.stallTimeout = .seconds(timeout)
        settings.retry.attempts = retries
        return settings
    }

    /// Runs with a client.
    func withClient<Value: Sendable>(_ body: (SevenBridgesClient) async throws -> Value) async throws -> Value {
        try await SevenBridgesClient.withClient(try credentials(), settings: settings(), body)
    }
}
