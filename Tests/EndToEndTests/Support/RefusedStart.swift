import Foundation
import Subprocess
import SystemPackage
import Testing

/// A failed start of the server.
struct RefusedStart: Sendable {
    let status: TerminationStatus
    let output: String
    let errors: String

    /// Checks that the server exited with 1, and printed only one line, on standard error, that contains each of
    /// `names`.
    func expectRefusal(_ names: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        let seen: Comment = "\(status): \(errors)\(output)"
        #expect(status == .exited(1), seen, sourceLocation: sourceLocation)
        #expect(output == "", seen, sourceLocation: sourceLocation)
        let lines = errors.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 2 && lines.last == "", "more than one line: \(seen)", sourceLocation: sourceLocation)
        #expect(errors.hasPrefix("pontoond: "), seen, sourceLocation: sourceLocation)
        for name in names { #expect(errors.contains(name), "'\(name)': \(seen)", sourceLocation: sourceLocation) }
    }
}

/// Runs `pontoond serve` until it exits.
///
/// - Parameters:
///   - arguments: Flags after `serve`.
///   - environment: Variables in addition to those of this process.
///   - wrapper: Command that runs the server; empty to run it directly.
/// - Returns: The server's exit status and output.
/// - Throws: An error if the program cannot be run.
func runServer(
    _ arguments: [String],
    environment: [String: String] = [:],
    wrapper: [String] = []
) async throws -> RefusedStart {
    let command = wrapper + [Places.pontoond.string, "serve"] + arguments
    let added = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
    let result = try await run(
        .path(FilePath(command[0])),
        arguments: Arguments(Array(command.dropFirst())),
        environment: .inherit.updating(Dictionary(uniqueKeysWithValues: added)),
        input: .none,
        output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    return RefusedStart(status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
}
