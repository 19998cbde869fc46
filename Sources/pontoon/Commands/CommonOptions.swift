import ArgumentParser
import PontoonFoundation
import PontoonClient
import SystemPackage

/// Options of every command that calls the API, except `pontoon watch`.
struct CommonOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions

    @Option(
        help: ArgumentHelp(
            "Time to wait for the response to a call, or for progress of a transfer, before a retry.",
            valueName: "seconds"
        )
    )
    var timeout = 60

    func validate() throws {
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("--timeout must be from 1 to 86400 seconds.")
        }
    }

    var json: Bool { connection.json }

    func credentials() throws -> Credentials { try connection.credentials() }

    func settings(isTransfer: Bool = false) throws -> ClientSettings {
        try connection.settings(isTransfer: isTransfer, timeout: timeout)
    }

    func withClient<Value: Sendable>(
        isTransfer: Bool = false,
        _ body: (SevenBridgesClient) async throws -> Value
    ) async throws -> Value {
        try await connection.withClient(isTransfer: isTransfer, timeout: timeout, body)
    }
}

/// The common options except `--timeout`, which has another meaning in `pontoon watch`.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Profile in ~/.sevenbridges/credentials.", valueName: "name"),
        completion: .profile
    )
    var profile: String?

    @Option(help: ArgumentHelp("URL of the API, or a short name: us, eu, cgc, cavatica, bdc, china.", valueName: "url"))
    var endpoint: String?

    @Option(
        help: ArgumentHelp(
            "PEM file of CA certificates to trust instead of the system's. Default: SSL_CERT_FILE, if set.",
            valueName: "file"
        ),
        completion: .file()
    )
    var caFile: String?

    @Option(
        help: ArgumentHelp(
            "Maximum number of attempts per request. Default: 3; no limit for transfers and with --retry-for.",
            valueName: "n"
        )
    )
    var retries: Int?

    @Option(
        help: ArgumentHelp(
            "Retry failed requests during an outage of up to this long, such as 30m or 12h. Default for transfers: 1h.",
            valueName: "time"
        )
    )
    var retryFor: AgeOption?

    @Flag(help: "Print one JSON object per line.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(retries ?? 1) else { throw ValidationError("--retries must be from 1 to 1000.") }
        guard (0...Self.longestRetry).contains(retryFor?.seconds ?? 0) else {
            throw ValidationError("--retry-for must be from 0s to 365d.")
        }
    }

    /// Maximum of `--retry-for` in seconds.
    private static let longestRetry: Double = 365 * 86_400
}

extension CommonOptions {
    /// The directory of the upload journals if `--state` is not given.
    static var stateDirectory: FilePath {
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            return FilePath(state).appending("pontoon")
        }
        return homeDirectory.appending(".local/state/pontoon")
    }

    /// The user's home directory.
    ///
    /// An absolute path in the environment variable `HOME` takes precedence, as in the platform's own clients.
    static var homeDirectory: FilePath {
        if let home = ProcessInfo.processInfo.environment["HOME"], home.hasPrefix("/") { return FilePath(home) }
        return FilePath(FileManager.default.homeDirectoryForCurrentUser.path)
    }

    /// Reads the user's credentials file.
    ///
    /// - Returns: The text of the file; `nil` if the file does not exist.
    /// - Throws: ``ClientError`` with code `.credentialsMissing` if the file cannot be read.
    static func credentialsText() throws -> String? {
        let path = CredentialsFile.path(home: homeDirectory)
        guard FileManager.default.fileExists(atPath: path.string) else { return nil }
        do {
            return try String(contentsOfFile: path.string, encoding: .utf8)
        } catch {
            throw ClientError(
                .credentialsMissing,
                "Cannot read '\(path)': \(error.reason).",
                advice: "Check its permissions."
            )
        }
    }

}

extension ConnectionOptions {
    func credentials() throws -> Credentials {
        try Credentials.find(
            profile: profile,
            endpoint: endpoint,
            environment: ProcessInfo.processInfo.environment,
            file: try CommonOptions.credentialsText()
        )
    }

    /// Returns the connection settings.
    ///
    /// By default, the requests of a transfer are retried for an hour, because it may run unattended. The requests of
    /// other commands are attempted three times, because a user is waiting for the result.
    ///
    /// - Parameters:
    ///   - isTransfer: Whether the command transfers files.
    ///   - timeout: Maximum time without a response or progress, in seconds.
    /// - Returns: The settings.
    /// - Throws: ``ClientError`` with code `.requestInvalid` for an invalid proxy.
    func settings(isTransfer: Bool = false, timeout: Int = 60) throws -> ClientSettings {
        var settings = try ClientSettings(environment: ProcessInfo.processInfo.environment)
        if let caFile { settings.caFile = FilePath(caFile) }
        settings.stallTimeout = .seconds(timeout)
        settings.callTimeout = .seconds(timeout)
        settings.retry.attempts = retries ?? (isTransfer || retryFor != nil ? nil : 3)
        if let retryFor { settings.retry.maximumTime = .seconds(retryFor.seconds) }
        return settings
    }

    func withClient<Value: Sendable>(
        isTransfer: Bool = false,
        timeout: Int = 60,
        _ body: (SevenBridgesClient) async throws -> Value
    ) async throws -> Value {
        let settings = try settings(isTransfer: isTransfer, timeout: timeout)
        return try await SevenBridgesClient.withClient(try credentials(), settings: settings) { client in
            var client = client
            client.onRetry = { [json] notice in Output.standard.noteRetry(notice, json: json) }
            return try await body(client)
        }
    }
}
