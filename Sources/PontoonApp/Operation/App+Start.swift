import Logging
import PontoonCore
import PontoonServer

extension App {
    /// Logs the version, and the settings that differ from their defaults, without secrets.
    package func logStart() {
        let changes = settings.changes.map { ($0.name, Logger.MetadataValue.string($0.value ?? "<secret>")) }
        logger.notice(
            "server started",
            metadata: [
                "version": "\(Build.version)", "commit": "\(Build.commit)", "swift": "\(Build.swift)",
                "settings": .dictionary(Dictionary(uniqueKeysWithValues: changes)),
            ]
        )
    }
}
