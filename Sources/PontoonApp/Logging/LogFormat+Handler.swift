package import Logging

extension LogFormat {
    /// Creates handlers that write to standard error in this format.
    package var handler: @Sendable (String) -> any LogHandler {
        switch self {
        case .text: { StreamLogHandler.standardError(label: $0) }
        case .json: { JSONLogHandler(label: $0) }
        }
    }
}
