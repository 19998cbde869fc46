import ArgumentParser
import Foundation
import PontoonClient
import SystemPackage

/// Options of every command that calls the API.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Profile in ~/.sevenbridges/credentials.", valueName: "name"))
    var profile: String?

    @Option(help: ArgumentHelp("URL of the API, or one of us, eu, cgc, cavatica, bdc, china.", valueName: "url"))
    var endpoint: String?

    @Option(help: ArgumentHelp("PEM file of CA certificates to trust. Default: SSL_CERT_FILE.", valueName: "file"))
    var caFile: String?

    @Option(help: ArgumentHelp("Retry a transfer that makes no progress for this long.", valueName: "seconds"))
    var timeout = 60

    @Option(help: ArgumentHelp("Maximum number of attempts per request.", valueName: "n"))
    var retries = 10

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func validate() throws {
        guard (1...86_400).contains(timeout) else { throw ValidationError("--timeout must be 1 to 86400 seconds.") }
        guard (1...1000).contains(retries) else { throw ValidationError("--retries must be 1 to 1000.") }
    }

    /// The default directory of the upload journals.
    static var stateDirectory: FilePath {
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return FilePath(state).appending("pontoon")
        }
        return homeDirectory.appending(".local/state/pontoon")
    }

    /// The user's home directory; `HOME` takes precedence, as in the platform's own clients.
    static var homeDirectory: FilePath {
        if let home = ProcessInfo.processInfo.environment["HOME"], home.hasPrefix("/") { return FilePath(home) }
        return FilePath(FileManager.default.homeDirectoryForCurrentUser.path)
    }

    /// Returns the text of the user's credentials file; `nil` if the file does not exist.
    static func credentialsText() throws -> String? {
        let path = CredentialsFile.path(home: homeDirectory)
        guard FileManager.default.fileExists(atPath: path.string) else { return nil }
        do {
            return try String(contentsOfFile: path.string, encoding: .utf8)
        } catch {
            throw ClientError(
                .credentialsMissing,
                "Cannot read '\(path)': \(error.localizedDescription)",
                advice: "Check its permissions."
            )
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

    func withClient<Value: Sendable>(_ body: (SevenBridgesClient) async throws -> Value) async throws -> Value {
        try await SevenBridgesClient.withClient(try credentials(), settings: settings()) { client in
            var client = client
            client.onRetry = { [json] notice in Output.standard.noteRetry(notice, json: json) }
            return try await body(client)
        }
    }
}
