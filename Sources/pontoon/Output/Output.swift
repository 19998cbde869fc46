import PontoonFoundation
import PontoonClient
import PontoonCore
import Synchronization
import SystemPackage

/// The command's output: results on standard output and messages on standard error, both unbuffered.
///
/// The live lines of a transfer are at the bottom of the terminal, and all other lines appear above them. If writing to
/// a stream fails, all further text for the stream is discarded. If the error is fatal,
/// ``runCommand(json:afterInterruption:_:)`` stops the command.
final class Output: Sendable {
    static let standard = Output()

    /// The first error that occurred when writing to a stream.
    struct Failure: Hashable, Sendable {
        let stream: Terminal.Stream
        let error: Errno

        /// Whether the reader closed the pipe and expects no more text.
        var isClosedPipe: Bool { error == .brokenPipe }
        /// Whether the command must stop, because results could not be written or nobody reads the messages.
        var isFatal: Bool { stream == .output || isClosedPipe }
    }

    private struct State {
        var live = LiveLines()
        var isQuiet = false
        var log: FileDescriptor?
        var logFailure: Errno?
        var failures: [Terminal.Stream: Failure] = [:]
    }

    private let state = Mutex(State())
    private let (stops, stop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// The first error of standard output or, if there was none, of standard error.
    var failure: Failure? {
        state.withLock { $0.failures[.output] ?? $0.failures[.error] }
    }

    /// Whether only warnings and errors are printed to standard error.
    var isQuiet: Bool {
        get { state.withLock { $0.isQuiet } }
        set { state.withLock { $0.isQuiet = newValue } }
    }

    /// The first error that occurred when writing to the log file.
    var logFailure: Errno? { state.withLock { $0.logFailure } }

    /// Opens or creates a file to which all messages are appended, with the time.
    ///
    /// - Throws: ``ClientError`` with code `.fileUnwritable`.
    func log(to path: FilePath) throws {
        do {
            let file = try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.append, .create, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o666)
            )
            state.withLock { $0.log = file }
        } catch {
            throw ClientError(
                .fileUnwritable,
                "Cannot write '\(path)': \(error).",
                advice: "Check the path given with --log-file."
            )
        }
    }

    /// Returns when the command must stop because its output cannot be written, or when the task is cancelled.
    func waitForFailure() async {
        for await _ in stops { return }
    }

    /// Prints a line of results to standard output, with invisible characters replaced (``Swift/String/visible``).
    func printLine(_ line: String) {
        state.withLock { state in
            let isAboveLive = state.live.isActive && Terminal.isTerminal(.output)
            if isAboveLive { write(state.live.end(columns: Terminal.size.columns), to: .error, &state) }
            write(line.visible + "\n", to: .output, &state)
        }
    }

    /// Prints a line of results with columns separated by tabs.
    ///
    /// Invisible characters in the columns, including tabs, are replaced (``Swift/String/visible``).
    func printLine(columns: [String?]) {
        let line = columns.map { ($0 ?? "").visible }.joined(separator: "\t")
        state.withLock { write(line + "\n", to: .output, &$0) }
    }

    /// Prints a message of one line to standard error, with invisible characters replaced (``Swift/String/visible``),
    /// and appends it to the log file.
    ///
    /// - Parameters:
    ///   - line: The message.
    ///   - isProblem: Whether the message is a warning or an error, which `--quiet` does not omit.
    func printMessage(_ line: String, isProblem: Bool = true) {
        state.withLock { state in
            log(line, &state)
            if state.isQuiet, !isProblem { return }
            show(line, &state)
        }
    }

    /// Writes a message to standard error, above the live lines if there are any.
    private func show(_ line: String, _ state: inout State) {
        guard state.live.isActive else { return write(line.visible + "\n", to: .error, &state) }
        if let text = state.live.add(line.visible, columns: Terminal.size.columns) {
            write(text, to: .error, &state)
        }
    }

    /// Writes text to a stream unchanged, for prompts, help and completion scripts.
    func write(_ text: String, to stream: Terminal.Stream) {
        state.withLock { write(text, to: stream, &$0) }
    }

    /// Writes the bytes of a file to standard output.
    ///
    /// Messages can still be printed while a slow reader blocks the write. If the write fails, the command stops.
    ///
    /// - Throws: `CancellationError` if the bytes cannot be written or the task is cancelled.
    func write(_ bytes: [UInt8]) async throws {
        do {
            try await abandonable { try Terminal.write(bytes, to: .output) }
        } catch let error as Errno {
            state.withLock { note(error, of: .output, &$0) }
            throw CancellationError()
        }
    }

    /// Whether live lines are shown: without `--quiet`, and on a terminal that can redraw lines.
    var showsLiveLines: Bool {
        let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return !isQuiet && Terminal.isTerminal(.error) && !terminal.isEmpty && terminal != "dumb"
    }

    /// Replaces the live lines with the lines that the closure returns for the size of the terminal.
    func draw(_ lines: (Terminal.Size) -> [String]) {
        state.withLock { state in
            let size = Terminal.size
            write(state.live.draw(lines(size), columns: size.columns), to: .error, &state)
        }
    }

    /// Removes the live lines, after printing the messages that wait for the next redraw.
    func endLiveLines() {
        state.withLock { state in
            guard state.live.isActive else { return }
            write(state.live.end(columns: Terminal.size.columns), to: .error, &state)
        }
    }

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

    /// Prints the error of a command: to standard error or, with `--json`, as an event to standard output.
    func fail(_ code: String, _ message: String, json: Bool) {
        if json {
            printLine(JSONLine("error").with("code", code).with("message", message).text)
        } else {
            printMessage("pontoon: \(message)")
        }
    }

    private func log(_ line: String, _ state: inout State) {
        guard let file = state.log, state.logFailure == nil else { return }
        do {
            _ = try file.writeAll(Data("\(Date.now.formatted(.iso8601)) \(line.visible)\n".utf8))
        } catch {
            let failure = (error as? Errno) ?? .ioError
            state.logFailure = failure
            show("pontoon: Cannot write to the log file: \(failure). Further messages are not logged.", &state)
        }
    }

    private func write(_ text: String, to stream: Terminal.Stream, _ state: inout State) {
        guard state.failures[stream] == nil else { return }
        do {
            try Terminal.write(Array(text.utf8), to: stream)
        } catch {
            note(error, of: stream, &state)
        }
    }

    private func note(_ error: Errno, of stream: Terminal.Stream, _ state: inout State) {
        let failure = Failure(stream: stream, error: error)
        state.failures[stream] = failure
        if failure.isFatal { stop.yield() }
    }
}

/// One line of `--json` output: an object whose first field is `event`.
struct JSONLine {
    private enum Value: Encodable {
        case text(String), number(Int64), decimal(Double), flag(Bool), texts([String]), pairs([String: String])

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .decimal(let value): try container.encode(value)
            case .flag(let value): try container.encode(value)
            case .texts(let value): try container.encode(value)
            case .pairs(let value): try container.encode(value)
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

    func with(_ name: String, _ value: [String: String]) -> JSONLine { adding(name, .pairs(value)) }

    /// The JSON text, with the fields in the order in which they were added.
    ///
    /// Characters that a terminal would interpret are escaped, which does not change the values.
    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
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
