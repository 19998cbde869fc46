import Foundation
import NIOHTTP1
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// An administrator's view of the tokens that commands have created and revoked.
struct TokenLedger: Sendable {
    /// Tokens that must be valid.
    private(set) var valid: [String] = []
    /// Tokens that must not be valid.
    private(set) var revoked: [String] = []

    /// Creates tokens until a command fails because of the power cut.
    ///
    /// After about every third creation, revokes a random token.
    func run(_ server: ServerProcess) async -> TokenLedger {
        var ledger = self
        var random = SeededGenerator(seed: UInt64(valid.count))
        while !Task.isCancelled, let token = await administer(server, ["create", "admin"]) {
            ledger.valid.append(token)
            guard random.happens(33) else { continue }
            let old = ledger.valid.remove(at: Int.random(in: 0..<ledger.valid.count, using: &random))
            // If the command fails, the token may or may not be valid.
            guard await administer(server, ["revoke", "-"], input: old) != nil else { break }
            ledger.revoked.append(old)
        }
        return ledger
    }

    /// Checks that a server accepts the valid tokens and refuses the revoked ones.
    func check(_ server: ServerProcess, _ what: String) async throws {
        for (tokens, status) in [(valid, 200), (revoked, 401)] {
            for token in tokens {
                let response = try await APIClient(origin: server.origin, token: token).call(.GET, "/user")
                #expect(response.status == status, "\(what): wrong status for a created or revoked token")
            }
        }
    }

    /// Runs `pontoond token`.
    ///
    /// - Returns: The command's output; `nil` if the command failed.
    private func administer(_ server: ServerProcess, _ arguments: [String], input: String = "") async -> String? {
        let result = try? await Subprocess.run(
            .path(Places.pontoond),
            arguments: Arguments(["token"] + arguments + ["--data", server.data.string]),
            input: .string(input),
            output: .string(limit: 1 << 20),
            error: .discarded
        )
        guard let result, result.terminationStatus.isSuccess else { return nil }
        return result.standardOutput.trimmingCharacters(in: .newlines)
    }
}
