import ArgumentParser
import Foundation
import Logging
import PontoonApp
import PontoonCore
import SystemPackage

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            Every setting can also be given as an environment variable, whose name is PONTOON_ followed by the flag's \
            name in capitals, with underscores (PONTOON_URL_LIFETIME=1h for --url-lifetime), or in the YAML file named \
            by --config. Flags override environment variables, which override the file. PONTOON_BOOTSTRAP_TOKEN sets \
            the token of the first user, who is created at the first start. Without this variable, the token is random \
            and is saved in the data directory. With both PostgreSQL and S3, there is no data directory, so no user is \
            created without this variable.
            """
    )

    @OptionGroup var stores: StoreFlags
    @OptionGroup var server: ServerFlags
    @OptionGroup var audit: AuditFlags
    @Flag(help: "Check the settings, certificate and stores, print the result and exit. Status 0 means valid")
    var checkConfig = false

    func run() async throws {
        try await Pontoond.run {
            let flags = stores.givenFlags + server.givenFlags + audit.givenFlags
            let given = try GivenSettings(flags: flags)
            let settings = try Settings(given)
            try settings.hooks.requirePrograms()
            if checkConfig { return try await ConfigurationCheck(settings, report: Pontoond.print).run() }
            // Ignore SIGHUP until the server can reload, so that it does not terminate, for example, a migration.
            signal(SIGHUP, SIG_IGN)
            let certificate = try settings.tls.map { try Certificate($0) }
            let level = LogLevel(settings.logLevel)
            let handler = settings.logFormat.handler
            LoggingSystem.bootstrap { AdjustableLogHandler(handler($0), level: level) }
            try await OpenedStores.withStores(settings) { opened in
                let app = try await build(settings, opened, certificate)
                if let url = stores.metadata?.text, URLComponents(string: url)?.password != nil {
                    app.logger.warning("password in --metadata is visible in the process list; use PGPASSWORD")
                }
                let reload = SettingsReload(flags: flags, started: given, level: level, logger: app.logger)
                do {
                    try await serve(app, reloads: [Reload("settings") { try reload.perform() }])
                } catch {
                    await app.audit?.close()
                    throw error
                }
                await app.audit?.close()
                app.logger.notice("server stopped")
            }
        }
    }

    private func build(
        _ settings: Settings,
        _ stores: OpenedStores,
        _ certificate: Certificate?
    ) async throws -> App {
        do {
            let logger = Logger(label: "pontoond")
            return try await App.build(
                settings: settings,
                stores: stores,
                certificate: certificate,
                logger: logger,
                metrics: settings.metricsListen.map { _ in AppMetrics() },
                audit: try settings.openAuditLog(logger)
            )
        } catch let error as Errno {
            throw SettingError("cannot recover the directory '\(settings.data)': \(error)")
        }
    }

    private func firstUser(_ app: App) async throws -> App.FirstUser {
        do {
            return try await app.createFirstUser()
        } catch let error as Errno {
            throw SettingError("cannot write to the directory '\(app.settings.data)': \(error)")
        } catch let error as PontoonError where error.code == .storageFull {
            throw SettingError("cannot write to the database in '\(app.settings.data)': \(error.message)")
        }
    }

    private func serve(_ app: App, reloads: [Reload]) async throws {
        let firstUser = try await firstUser(app)
        if firstUser == .missing {
            Pontoond.announce(
                "No user exists. Run 'pontoond user add NAME' and 'pontoond token create NAME' with the same settings."
            )
        }
        if !app.settings.survivesPowerFailure {
            Pontoond.announce("Durability is 'os': stored data may not survive a power failure.")
        }
        if app.settings.isReadOnly { Pontoond.announce("Read-only mode: calls that change anything are refused.") }
        let manager = ServiceManager(environment: ProcessInfo.processInfo.environment)
        try await app.run(reloads: reloads, manager: manager) { port in
            app.logStart()
            do {
                try app.credentials?.update(endpoint: app.endpoint(port: port))
            } catch {
                app.logger.warning("credentials file not updated", metadata: ["error": "\(error)"])
            }
            if let weakness = app.settings.tokenWeakness {
                app.logger.warning("first user's token is weak", metadata: ["reason": "\(weakness)"])
            }
            if app.settings.trustsAnyHost {
                app.logger.warning("any Host header is accepted and used in URLs; set --public-url or --allowed-hosts")
            }
            if firstUser == .created { Pontoond.announce("Created user admin, project admin/uploads and a token.") }
            if let url = app.consoleURL(port: port) { Pontoond.announce("The console is at \(url)/") }
            Pontoond.announce("Listening on \(app.localEndpoint(port: port))")
            if app.freeSpaceIsUnknown {
                app.logger.warning("free disk space cannot be determined; uploads are accepted until the disk is full")
            }
            if app.credentials?.isDamaged == true {
                app.logger.warning("credentials file contains no token; run 'pontoond token create admin' and add it")
            }
            if let credentials = app.credentials, credentials.exists {
                Pontoond.announce("Credentials are in \(credentials.path)")
            }
        }
    }
}
