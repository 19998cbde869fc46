package import Logging
import Synchronization

/// The minimum severity of messages to log, which can change while the server runs.
package final class LogLevel: Sendable {
    private let level: Mutex<Logger.Level>

    package init(_ level: Logger.Level) { self.level = Mutex(level) }

    package var current: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }
}

/// A log handler whose level can change while the server runs, and is shared by all loggers that do not set their own.
///
/// Every request has a logger, but most requests log nothing. This handler therefore formats the metadata of a logger
/// only when a message is logged, while `StreamLogHandler` formats it whenever it changes.
package struct AdjustableLogHandler: LogHandler {
    private let base: any LogHandler
    private let level: LogLevel
    /// The level of this logger; `nil` if the logger uses the shared level.
    private var own: Logger.Level?

    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    /// - Parameters:
    ///   - base: The handler that receives the messages with their metadata. Its level is ignored.
    ///   - level: The shared level.
    package init(_ base: any LogHandler, level: LogLevel) {
        self.base = base
        self.level = level
        metadata = base.metadata
        metadataProvider = base.metadataProvider
    }

    /// The level of this logger if it was set, otherwise the shared level.
    package var logLevel: Logger.Level {
        get { own ?? level.current }
        set { own = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var event = event
        // Metadata of the message overrides metadata of the logger, which overrides metadata of the provider.
        event.metadata = (metadataProvider?.get() ?? [:])
            .merging(metadata) { $1 }
            .merging(event.metadata ?? [:]) { $1 }
        base.log(event: event)
    }
}
