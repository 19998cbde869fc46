package import Logging
import Synchronization

/// The lowest severity of messages to log, which can change while the server runs.
package final class LogLevel: Sendable {
    private let level: Mutex<Logger.Level>

    package init(_ level: Logger.Level) { self.level = Mutex(level) }

    package var current: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }
}

/// A log handler with a level that all loggers share, so that it can change while the server runs.
package struct AdjustableLogHandler: LogHandler {
    private var base: any LogHandler
    private let level: LogLevel
    /// The level of one logger, if it was set.
    private var own: Logger.Level?

    /// - Parameters:
    ///   - base: Receives the messages; its level is ignored.
    ///   - level: The shared level.
    package init(_ base: any LogHandler, level: LogLevel) {
        self.base = base
        self.level = level
    }

    /// The shared level, until the level of this logger is set.
    package var logLevel: Logger.Level {
        get { own ?? level.current }
        set { own = newValue }
    }

    package var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    package var metadataProvider: Logger.MetadataProvider? {
        get { base.metadataProvider }
        set { base.metadataProvider = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    package func log(event: LogEvent) { base.log(event: event) }
}
