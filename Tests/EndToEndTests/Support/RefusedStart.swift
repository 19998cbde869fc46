import Foundation
import Subprocess
import SystemPackage
import Testing

/// A start of the server that came to nothing.
struct RefusedStart: Sendable {
    let status: TerminationStatus
    let output: String
    let errors: String

    /// Checks that it failed with one plain line that holds `names`: the setting, and what is allowed.
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

/// Runs `pontoond serve` to its end.
func runServer(_ arguments: [String], environment: [String: String] = [:]) async throws -> RefusedStart {
    let added = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
    let result = try await run(
        .path(Places.pontoond),
        arguments: Arguments(["serve"] + arguments),
        environment: .inherit.updating(Dictionary(uniqueKeysWithValues: added)),
        input: .none,
        output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    return RefusedStart(status: result.terminationStatus, output: result.standardOutput, errors: result.standardError)
}
