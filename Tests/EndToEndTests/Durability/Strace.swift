import Foundation
import Glibc
import Subprocess
import SystemPackage
import Testing

/// Runs `body` while strace is attached to a server.
///
/// Afterwards, strace detaches and the server continues.
///
/// `arguments` select the system calls to trace, and inject delays and errors. The trace is written to `output`.
///
/// - Returns: The result of the body.
/// - Throws: The error of the body, or an error if strace cannot attach to the server.
func withStrace<Value: Sendable>(
    _ server: ServerProcess,
    _ arguments: [String],
    output: FilePath,
    _ body: @Sendable () async throws -> Value
) async throws -> Value {
    try await run(
        .path("/usr/bin/strace"),
        arguments: Arguments(["-f", "-y", "-s", "5000", "-o", output.string, "-p", String(server.pid)] + arguments),
        input: .none,
        output: .discarded,
        error: .sequence
    ) { execution in
        defer { kill(execution.processIdentifier.value, SIGTERM) }
        var isAttached = false
        for try await line in execution.standardError.strings() {
            isAttached = line.contains(" attached")
            if isAttached { break }
        }
        try #require(isAttached, "strace cannot attach to the server; install strace, and run the tests as root")
        return try await body()
    }.closureResult
}

/// The traced system calls, in the order of strace's output.
struct SystemCallTrace {
    /// One call, from the line on which it started to the line on which it returned.
    struct Call {
        let name: Substring
        let arguments: Substring
        let begin: Int
        var end: Int
        var result: Substring

        var succeeded: Bool { !result.hasPrefix("-1 ") && !result.isEmpty }

        /// Paths of the file descriptors among the arguments, as printed by `-y`, in order.
        var paths: [Substring] { arguments.matches(of: #/\d+<(\/[^>]*)>/#).map(\.1) }

        /// The offset of a positional write, its last numeric argument.
        var offset: Int? { arguments.split(separator: ", ").last.flatMap { Int($0.split(separator: " ")[0]) } }
    }

    private(set) var calls: [Call] = []

    /// Parses strace's output.
    ///
    /// If another thread makes a call before a call returns, strace prints the call on two lines: `7 fdatasync(3</a>
    /// <unfinished ...>` and later `7 <... fdatasync resumed>) = 0`.
    init(_ text: String) {
        var unfinished: [Substring: Int] = [:]
        for (number, line) in text.split(separator: "\n").enumerated() {
            let halves = line.split(separator: " ", maxSplits: 1)
            guard halves.count == 2 else { continue }
            let (thread, said) = (halves[0], halves[1].drop { $0 == " " })
            if said.hasPrefix("<... ") {
                guard let call = unfinished.removeValue(forKey: thread) else { continue }
                calls[call].end = number
                calls[call].result = Self.result(said)
            } else if let open = said.firstIndex(of: "("), !said.hasPrefix("+++"), !said.hasPrefix("---") {
                let isOver = !said.hasSuffix(" <unfinished ...>")
                if !isOver { unfinished[thread] = calls.count }
                let close = isOver ? said.lastIndex(of: ")") : said.lastIndex(of: "<")
                calls.append(
                    Call(
                        name: said[..<open],
                        arguments: said[said.index(after: open)..<(close ?? said.endIndex)],
                        begin: number,
                        end: isOver ? number : .max,
                        result: isOver ? Self.result(said) : ""
                    )
                )
            }
        }
    }

    private static func result(_ line: Substring) -> Substring {
        line.range(of: " = ", options: .backwards).map { line[$0.upperBound...] } ?? ""
    }
}
