import ArgumentParser
import Foundation
import Logging
import PontoonApp
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonServer

/// The command `pontoond serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the API and store what is uploaded.",
        discussion: """
            Every setting can also be given by environment, as PONTOON_ and the flag's name in capitals \
            (PONTOON_URL_LIFETIME=1h), or in the file named by --config. A flag wins over the environment, which wins \
            over the file. PONTOON_BOOTSTRAP_TOKEN sets the token of the user that the first start makes. Without a data \
            folder, so with postgres and s3, no user is made unless it is set.
            """
    )

    @OptionGroup var data: DataFlags
    @OptionGroup var server: ServerFlags

    func run() async throws {
        try await reporting {
            let flags = data.values.merging(server.values) { first, _ in first }
            let settings = try Settings(try await GivenSettings(flags: flags))
            let logger = Self.logger(settings.logLevel)
            if let url = data.metadata, URLComponents(string: url)?.password != nil {
                logger.warning("every user of this machine can read the password in --metadata; PGPASSWORD is safer")
            }
            let stores = try await OpenedStores.open(settings)
            do {
                try await Self.serve(settings, stores, logger)
            } catch {
                try await stores.close()
                throw error
            }
            try await stores.close()
        }
    }

    private static func serve(_ settings: Settings, _ stores: OpenedStores, _ logger: Logger) async throws {
        let app = try await App.build(settings, stores, logger: logger)
        let credentials = settings.folder.map { BootstrapCredentialsFile(in: $0) }
        let isFirst = try await bootstrap(app, credentials)
        if settings.disk.durability == .os {
            say("Durability is 'os': an answer does not mean that the data survives a power cut.")
        }
        try await app.run { port in
            let endpoint = endpoint(settings, port: port)
            do {
                try credentials?.update(endpoint: endpoint)
            } catch {
                logger.warning("the credentials keep an old address", metadata: ["error": "\(error)"])
            }
            if isFirst { say("Made user admin, project admin/uploads and a token.") }
            say("Listening on \(address(settings, port: port))")
            if let credentials, credentials.exists { say("Credentials are in \(credentials.path)") }
        }
    }

    /// Makes the first user where nobody is yet; of several servers that start at once, one does it.
    ///
    /// - Returns: Whether it was made here and now.
    private static func bootstrap(_ app: App, _ credentials: BootstrapCredentialsFile?) async throws -> Bool {
        let settings = app.settings
        if let credentials {
            return try await app.accounts.bootstrap(token: settings.bootstrapToken) { token in
                try credentials.write(endpoint: endpoint(settings, port: settings.server.port), token: token)
            }
        }
        if settings.bootstrapToken != nil {
            return try await app.accounts.bootstrap(token: settings.bootstrapToken) { _ in }
        }
        // A token that is made here could be told to nobody but the log.
        if try await app.stores.metadata.isEmpty() {
            say("There is no user yet: 'pontoond user add NAME' and 'pontoond token create NAME' with these settings.")
        }
        return false
    }

    /// Where clients reach the server.
    private static func endpoint(_ settings: Settings, port: Int) -> String {
        settings.server.publicURL?.api ?? address(settings, port: port)
    }

    /// Where this process listens, whatever is in front of it.
    private static func address(_ settings: Settings, port: Int) -> String {
        let host = settings.server.host
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/v2"
    }

    private static func logger(_ level: LogLevel) -> Logger {
        LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
        var logger = Logger(label: "pontoond")
        logger.logLevel = Logger.Level(rawValue: level.rawValue) ?? .notice
        return logger
    }

    /// Standard output is for the operator; written through at once, since others wait for these lines.
    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data("\(line)\n".utf8))
    }
}
