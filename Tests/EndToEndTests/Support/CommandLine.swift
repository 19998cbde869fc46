import Foundation
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

extension ServerProcess {
    /// Runs a `pontoond` command that must succeed, on this server's data directory and while the server runs.
    ///
    /// `input` is the standard input of the command.
    ///
    /// - Returns: The standard output, without line breaks at its ends.
    /// - Throws: An error with the command's messages if the command fails.
    @discardableResult
    func administer(_ arguments: String..., input: String = "") async throws -> String {
        try await administer(arguments: arguments, input: input)
    }

    /// Like ``administer(_:input:)``, for arguments in an array.
    @discardableResult
    func administer(arguments: [String], input: String = "") async throws -> String {
        let (isSuccess, output, errors) = try await execute(arguments, input: input)
        try #require(isSuccess, "\(arguments): \(errors)")
        return output.trimmingCharacters(in: .newlines)
    }

    /// Runs a `pontoond` command that must fail and print nothing on standard output.
    ///
    /// - Returns: The messages on standard error.
    /// - Throws: An error if the command succeeds or prints a result.
    func fail(_ arguments: String...) async throws -> String { try await fail(arguments: arguments) }

    /// Like ``fail(_:)``, for arguments in an array.
    func fail(arguments: [String], input: String = "") async throws -> String {
        let (isSuccess, output, errors) = try await execute(arguments, input: input)
        try #require(!isSuccess && output.isEmpty, "\(arguments) succeeded: \(output)")
        return errors
    }

    private func execute(
        _ arguments: [String],
        input: String
    ) async throws -> (isSuccess: Bool, output: String, errors: String) {
        let environment = stores.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
        let result = try await run(
            .path(Places.pontoond),
            arguments: Arguments(arguments + ["--data", data.string]),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: environment)),
            input: .string(input),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return (result.terminationStatus.isSuccess, result.standardOutput, result.standardError)
    }

    /// Adds a user, and creates a token for the user.
    ///
    /// - Returns: A client that calls the API as this user.
    func addUser(_ name: String) async throws -> APIClient {
        try await administer("user", "add", name)
        return APIClient(origin: origin, token: try await administer("token", "create", name))
    }

    /// Adds a user to a project, with some of the permissions `read`, `copy`, `write`, `execute` and `admin`.
    func addMember(_ user: String, of project: String, rights: Set<String>) async throws {
        try await api.addMember(user, of: project, rights.compactMap { Permission(rawValue: $0) })
    }
}
