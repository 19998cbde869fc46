package import Logging

extension LogFormat {
    /// A closure that creates a handler, which writes to standard error in this format, for the logger with a label.
    package var handler: @Sendable (String) -> any LogHandler {
        switch self {
        case .text: { StreamLogHandler.standardError(label: $0) }
        case .json: { JSONLogHandler(label: $0) }
        }
    }
}
