package import Logging
import Foundation
package import NIOCore
import PontoonCore
import PontoonServer
import Synchronization
import SystemPackage

/// The format of the log.
package enum LogFormat: String, CaseIterable, Sendable {
    case text, json
}

/// A log handler that writes each message as one line of JSON, by default to standard error.
///
/// The metadata are fields of the JSON object, after `time`, `level`, `message` and `logger`. A metadata key with one
/// of these names gets the prefix `metadata.`.
package struct JSONLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private typealias FileDescriptor = SystemPackage.FileDescriptor

    private let label: String
    private let write: @Sendable (ByteBuffer) -> Void

    /// - Parameters:
    ///   - label: The name of the logger.
    ///   - write: Writes one line, which includes its line feed. May be called concurrently.
    package init(label: String, write: @escaping @Sendable (ByteBuffer) -> Void = JSONLogHandler.writeToStandardError) {
        self.label = label
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var values = metadata
        if let provided = metadataProvider?.get() { values.merge(provided) { $1 } }
        if let given = event.metadata { values.merge(given) { $1 } }
        if let error = event.error, values["error"] == nil { values["error"] = "\(error)" }
        var fields: [(name: String, value: JSONValue?)] = [
            ("time", .string(LogTime.format(Date()))),
            ("level", .string(event.level.rawValue)),
            ("message", .string(event.message.description)),
            ("logger", .string(label)),
        ]
        let reserved = Set(fields.map(\.name))
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            fields.append((reserved.contains(key) ? "metadata.\(key)" : key, Self.json(value)))
        }
        write(JSONLine(fields).bytes)
    }

    private static func json(_ value: Logger.Metadata.Value) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let value as Int): .integer(Int64(value))
        case .stringConvertible(let value as Int64): .integer(value)
        case .stringConvertible(let value as Double): .number(value)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map(json))
        case .dictionary(let values): .object(values.mapValues(json))
        }
    }

    /// Standard error, locked while a line is written, because a long line may need several writes to a pipe.
    private static let standardError = Mutex(FileDescriptor.standardError)

    /// Writes a line to standard error.
    ///
    /// Failures are ignored, because they cannot be reported anywhere else.
    @Sendable package static func writeToStandardError(_ line: ByteBuffer) {
        standardError.withLock { file in _ = line.withUnsafeReadableBytes { try? file.writeAll($0) } }
    }
}
