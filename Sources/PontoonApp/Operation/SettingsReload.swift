package import Logging

/// The reload of the settings file while the server runs.
package struct SettingsReload: Sendable {
    private let flags: [GivenFlag]
    private let environment: [String: String]
    private let started: GivenSettings
    private let level: LogLevel
    private let logger: Logger

    /// - Parameters:
    ///   - flags: The flags on the command line.
    ///   - started: The settings with which the server started.
    ///   - level: The log level to update.
    ///   - logger: Logs the settings that need a restart.
    package init(flags: [GivenFlag], started: GivenSettings, level: LogLevel, logger: Logger) {
        self.flags = flags
        environment = started.environment
        self.started = started
        self.level = level
        self.logger = logger
    }

    /// Reads the settings file again, applies the log level, and logs which other settings need a restart.
    ///
    /// - Throws: ``SettingError`` if a setting is invalid. The log level is then not changed.
    package func perform() throws {
        let given = try GivenSettings(flags: flags, environment: environment)
        level.current = try Settings(given).logLevel
        let changed = given.names(differingFrom: started).filter { $0 != Setting.logLevel.name }
        guard !changed.isEmpty else { return }
        logger.warning(
            "changed settings need a restart",
            metadata: ["settings": .array(changed.map { "\($0)" })]
        )
    }
}
