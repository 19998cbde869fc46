import Foundation
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

extension ServerProcess {
    /// Runs `pontoond` on this server's data directory, while the server runs.
    ///
    /// - Returns: The command's output, without the last line break.
    @discardableResult
    func administer(_ arguments: String...) async throws -> String {
        let environment = stores.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
        let result = try await run(
            .path(Places.pontoond),
            arguments: Arguments(arguments + ["--data", data.string]),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: environment)),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        try #require(result.terminationStatus.isSuccess, "\(arguments): \(result.standardError)")
        return result.standardOutput.trimmingCharacters(in: .newlines)
    }

    /// Adds a user with a token.
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
