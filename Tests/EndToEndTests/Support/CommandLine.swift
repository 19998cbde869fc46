import Foundation
import PontoonCore
import Subprocess
import SystemPackage
import Testing

extension ServerProcess {
    /// Runs `pontoond` on this server's data, while the server runs.
    ///
    /// - Returns: What it printed, without the last line break.
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
    /// - Returns: Calls the API as this user.
    func addUser(_ name: String) async throws -> APIClient {
        try await administer("user", "add", name)
        return APIClient(origin: origin, token: try await administer("token", "create", name))
    }

    /// Makes a user a member of a project.
    ///
    /// The rights are some of `read`, `copy`, `write`, `execute`, `admin`.
    func addMember(_ user: String, of project: String, rights: Set<String>) async throws {
        guard rights.isEmpty else {
            return try await api.addMember(user, of: project, rights.compactMap { Permission(rawValue: $0) })
        }
        // Nobody can be made a member without any right by the API; a store may still hold such a row.
        let columns = ["read", "copy", "write", "execute", "admin"]
        let script = """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1], timeout=30)
            with database:
                columns = "project_id, user_name, \(columns.map { "can_\($0)" }.joined(separator: ", "))"
                database.execute(f"INSERT INTO members ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", sys.argv[2:])
            """
        let flags = columns.map { rights.contains($0) ? "1" : "0" }
        let result = try await run(
            .path(Places.python),
            arguments: Arguments(["-c", script, data.appending("pontoon.sqlite").string, project, user] + flags),
            output: .discarded,
            error: .string(limit: 1 << 20)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    }
}
