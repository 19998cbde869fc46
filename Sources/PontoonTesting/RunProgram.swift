import Subprocess
package import SystemPackage

/// Runs a program until it exits.
///
/// Tests use this instead of Foundation's `Process`, whose `run()` has crashed while other tests started processes.
///
/// - Parameters:
///   - path: Path of the program.
///   - arguments: Arguments of the program.
///   - folder: Working directory of the program; `nil` to inherit the current one.
///   - variables: Environment variables to add to the inherited ones.
/// - Returns: The standard output of the program.
/// - Throws: ``ContractViolation``, which contains the program's standard error, if the exit code is not 0;
///   `SubprocessError` if the program cannot be started, or prints more than 16 MiB or more than 1 MiB of errors.
@discardableResult
package func runProgram(
    _ path: FilePath,
    _ arguments: [String],
    in folder: FilePath? = nil,
    variables: [String: String] = [:]
) async throws -> [UInt8] {
    let added = variables.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
    let result = try await Subprocess.run(
        .path(path),
        arguments: Arguments(arguments),
        environment: .inherit.updating(Dictionary(uniqueKeysWithValues: added)),
        workingDirectory: folder,
        input: .none,
        output: .bytes(limit: 16 << 20),
        error: .string(limit: 1 << 20)
    )
    guard result.terminationStatus.isSuccess else {
        throw ContractViolation("\(path) \(arguments): \(result.terminationStatus): \(result.standardError)")
    }
    return result.standardOutput
}
