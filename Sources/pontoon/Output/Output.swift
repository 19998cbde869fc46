import Foundation
import PontoonClient
import PontoonCore

/// The command's output: results on standard output and messages on standard error, both unbuffered.
struct Output: Sendable {
    static let standard = Output()

    /// Whether standard error is a terminal.
    var isTerminal: Bool { Terminal.isTerminal(.error) }

    /// Prints a line of results to standard output, with invisible characters replaced (``Swift/String/visible``).
    func printLine(_ line: String) { Terminal.write(line.visible + "\n", to: .output) }

    /// Prints a message of one line to standard error, with invisible characters replaced (``Swift/String/visible``).
    func printMessage(_ line: String) { Terminal.write(line.visible + "\n", to: .error) }

    /// Writes text to standard error unchanged, for prompts and the live display.
    func draw(_ text: String) { Terminal.write(text, to: .error) }

    /// Prints a warning: to standard error or, with `--json`, as an event to standard output.
    func warn(_ text: String, json: Bool) {
        if json {
            printLine(JSONLine("warning").with("message", text).text)
        } else {
            printMessage("pontoon: \(text)")
        }
    }

    /// Prints why a call will be retried, and when.
    func noteRetry(_ notice: SevenBridgesClient.RetryNotice, json: Bool) {
        let wait = notice.wait / .seconds(1)
        if json {
            printLine(
                JSONLine("retrying").with("purpose", notice.purpose).with("reason", notice.reason)
                    .with("wait_seconds", wait).text
            )
        } else {
            let pause = wait >= 1 ? " in \(timeText(wait))" : ""
            printMessage("pontoon: \(notice.reason) Retrying\(pause) to \(notice.purpose).")
        }
    }

    /// Prints the error with which a command failed, unless the command was interrupted.
    func fail(_ error: any Error, json: Bool) {
        if error is CancellationError { return }
        if json {
            printLine(JSONLine("error").with("code", errorCode(error)).with("message", "\(error)").text)
        } else {
            printMessage("pontoon: \(error)")
        }
    }
}

/// One line of `--json` output: an object whose first field is `event`.
struct JSONLine {
    private enum Value: Encodable {
        case text(String), number(Int64), decimal(Double), flag(Bool), texts([String])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .decimal(let value): try container.encode(value)
            case .flag(let value): try container.encode(value)
            case .texts(let value): try container.encode(value)
            }
        }
    }

    private var fields: [(name: String, value: Value)]

    /// Creates a line for an event.
    init(_ event: String) { fields = [("event", .text(event))] }

    func with(_ name: String, _ value: String?) -> JSONLine { adding(name, value.map { .text($0) }) }
    func with(_ name: String, _ value: Int64?) -> JSONLine { adding(name, value.map { .number($0) }) }
    func with(_ name: String, _ value: Int?) -> JSONLine { adding(name, value.map { .number(Int64($0)) }) }
    func with(_ name: String, _ value: Double) -> JSONLine { adding(name, .decimal(value)) }
    func with(_ name: String, _ value: Bool) -> JSONLine { adding(name, .flag(value)) }
    func with(_ name: String, _ value: [String]) -> JSONLine { adding(name, .texts(value)) }

    /// The JSON text, with the fields in the order in which they were added.
    ///
    /// Characters that a terminal would interpret are escaped, which does not change the values.
    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let pairs = fields.map { field in
            // Values that JSON cannot represent, such as infinity, become null.
            let parts = [try? encoder.encode(field.name), try? encoder.encode(field.value)]
            return parts.map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "null" }.joined(separator: ":")
        }
        return "{\(pairs.joined(separator: ","))}".escapedForJSON
    }

    private func adding(_ name: String, _ value: Value?) -> JSONLine {
        guard let value else { return self }
        var line = self
        line.fields.append((name, value))
        return line
    }
}
