import Foundation
import Glibc
import PontoonClient

/// Standard output for results, standard error for remarks and failures; written through at once.
struct Output: Sendable {
    static let standard = Output()

    /// Whether somebody looks at standard error.
    var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Prints a line of results.
    func say(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    /// Prints a remark.
    func note(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    /// Draws on the terminal.
    func draw(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Prints what is no failure and should be known.
    func warn(_ text: String, json: Bool) {
        if json { say(JSONLine("warning").with("message", text).text) } else { note("pontoon: \(text)".printable) }
    }

    /// Prints a failure.
    func fail(_ error: any Error, json: Bool) {
        if error is CancellationError { return }
        if json {
            say(JSONLine("error").with("code", errorCode(error)).with("message", "\(error)").text)
        } else {
            note("pontoon: \(error)".printable)
        }
    }

    private func write(_ text: String, to descriptor: CInt) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // Nobody reads any more: there is nobody to tell.
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}

/// One line of `--json`: an object whose first field says what it is about.
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

    /// Begins with `event`.
    init(_ event: String) { fields = [("event", .text(event))] }

    func with(_ name: String, _ value: String?) -> JSONLine { adding(name, value.map { .text($0) }) }
    func with(_ name: String, _ value: Int64?) -> JSONLine { adding(name, value.map { .number($0) }) }
    func with(_ name: String, _ value: Int?) -> JSONLine { adding(name, value.map { .number(Int64($0)) }) }
    func with(_ name: String, _ value: Double) -> JSONLine { adding(name, .decimal(value)) }
    func with(_ name: String, _ value: Bool) -> JSONLine { adding(name, .flag(value)) }
    func with(_ name: String, _ value: [String]) -> JSONLine { adding(name, .texts(value)) }

    /// The line, its fields in the order in which they were added.
    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let pairs = fields.map { field in
            // Text and numbers can always be encoded.
            let parts = [try? encoder.encode(field.name), try? encoder.encode(field.value)]
            return parts.map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "null" }.joined(separator: ":")
        }
        return "{\(pairs.joined(separator: ","))}"
    }

    private func adding(_ name: String, _ value: Value?) -> JSONLine {
        guard let value else { return self }
        var line = self
        line.fields.append((name, value))
        return line
    }
}
