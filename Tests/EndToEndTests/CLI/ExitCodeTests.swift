import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Exit codes and the codes of `--json`, as documented in docs/client.md.
///
/// Other suites test the codes that require an injected fault.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ExitCodeTests {
    private struct Failure: Sendable {
        let arguments: [String]
        let code: Int
        /// `code` of the `failed` or `error` event.
        let json: String
        var token: String?
        var endpoint: String?
    }

    private func failures(_ user: PontoonUser, _ server: ServerProcess) async throws -> [Failure] {
        let file = try user.makeFile("f", size: 10).string
        _ = try await server.api.upload("taken", ByteBuffer(string: "other"))
        let other = try user.makeFile("other", size: 10).string
        let taken = try user.makeFile("taken", size: 10).string
        let control = try user.makeFile("c\u{7}", size: 10).string
        _ = try await server.addUser("reader")
        try await server.addMember("reader", of: "admin/uploads", rights: ["read"])
        let reader = try await server.administer("token", "create", "reader")
        let upload = ["upload", "--json", "--retries", "2", "--project", "admin/uploads"]
        let nowhere = "000000000000000000000000"
        return [
            Failure(arguments: upload + [file], code: 3, json: "credentials_missing", token: ""),
            Failure(arguments: upload + [file], code: 3, json: "api_90001", token: String(repeating: "0", count: 32)),
            Failure(arguments: upload + [file], code: 3, json: "api_8002", token: reader),
            Failure(arguments: upload + [user.path("none")], code: 4, json: "not_found"),
            Failure(arguments: ["upload", "--json", "--project", "admin/none", file], code: 4, json: "api_3002"),
            Failure(arguments: ["ls", "--json"], code: 4, json: "api_90003", endpoint: server.origin),
            Failure(arguments: ["ls", "--json"], code: 3, json: "credentials_missing", endpoint: ""),
            Failure(arguments: ["upload", "--json", "--parent", nowhere, file], code: 4, json: "api_5026"),
            Failure(arguments: ["download", "--json", nowhere], code: 4, json: "api_5002"),
            Failure(arguments: ["download", "--json", "admin/uploads/none"], code: 4, json: "not_found"),
            Failure(arguments: upload + [taken], code: 5, json: "api_8005"),
            Failure(arguments: upload + [file], code: 6, json: "unreachable", endpoint: "http://127.0.0.1:1/v2"),
            Failure(arguments: upload + [control], code: 8, json: "file_unsuitable"),
            Failure(arguments: upload + ["/dev/null"], code: 8, json: "file_unsuitable"),
            Failure(arguments: upload + ["--state", "/proc/none", file], code: 8, json: "state_unusable"),
            Failure(arguments: upload + ["--receipt", "/proc/none/r", other], code: 8, json: "file_unwritable"),
            Failure(arguments: upload + ["--upload-id", "nonsense", file], code: 4, json: "api_8003"),
            Failure(arguments: upload + ["--upload-id", "nonsense", other], code: 4, json: "api_8003"),
            Failure(arguments: upload + ["--part-size", "1M", file], code: 64, json: "request_invalid"),
            Failure(arguments: upload + ["--meta", "nonsense", file], code: 64, json: "request_invalid"),
            Failure(arguments: upload + [file], code: 64, json: "endpoint_invalid", endpoint: "ftp://x/v2"),
        ]
    }

    @Test("each failure has an exit code, a JSON code, and a message without the token")
    func codes() async throws {
        try await withPontoon { server, user in
            for failure in try await failures(user, server) {
                var user = user
                user.token = failure.token ?? user.token
                user.endpoint = failure.endpoint ?? user.endpoint
                let run = try await user.run(failure.arguments)
                #expect(run.code == failure.code, "\(failure.arguments): \(run)")
                let event = (run.all("failed") + run.all("error")).last
                #expect(event?.text("code") == failure.json, "\(failure.arguments): \(run)")
                #expect(event?.text("message")?.isEmpty == false, "\(failure.arguments): \(run)")
                if !user.token.isEmpty { #expect(!(run.output + run.errors).contains(user.token)) }
            }
        }
    }

    @Test("failures for different reasons exit with 1, and failures for the same reason exit with its code")
    func several() async throws {
        try await withPontoon { server, user in
            for name in ["a", "b"] { _ = try await server.api.upload(name, ByteBuffer(string: "other")) }
            for name in ["a", "b", "good", "c\u{7}"] { try user.makeFile("data/\(name)", size: 10) }
            let mixed = try await user.upload(user.path("data"))
            #expect(mixed.code == 1 && mixed.all("failed").count == 3, "\(mixed)")
            #expect(mixed.all("uploaded").count == 1, "one that fails does not stop the others: \(mixed)")
            #expect(mixed.all("finished").first?.number("failed") == 3)
            let alike = try await user.upload(user.path("data/a"), user.path("data/b"), user.path("data/good"))
            #expect(alike.code == 5, "\(alike)")
        }
    }

    @Test("a refusal that applies to every file stops the run after a few requests")
    func hopeless() async throws {
        try await withPontoon(arguments: ["--log-level", "info"]) { server, user in
            for number in 0..<300 { try user.makeFile("data/f\(number)", size: 10) }
            let place = ["upload", "--json", "--project", "admin/none", "--parallel", "2", user.path("data")]
            let run = try await user.run(place)
            #expect(run.code == 4 && run.all("failed").count == 300, "\(run.errors)")
            let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
            let asked = log.split(separator: "\n").filter { line in
                line.contains("404") && ["POST", "PUT"].contains { line.contains($0) }
            }
            #expect((1...20).contains(asked.count), "\(asked.count)")
        }
    }

    @Test("invalid arguments exit with 64 before any request")
    func arguments() async throws {
        try await withPontoon { _, user in
            let rows = [
                ["upload", "f"], ["upload", "--project", "nonsense", "f"],
                ["upload", "--project", "a/b", "--parent", "c", "f"],
                ["upload", "--project", "a/b", "--overwrite", "--skip-existing", "f"], ["nonsense"],
                ["upload", "--project", "a/b", "--parallel", "0", "f"],
                ["upload", "--project", "a/b", "--retries", "0"],
                ["uploads", "abort"], ["uploads", "abort", "--older-than", "soon"],
                ["verify", "--local", "--server", "r"],
            ]
            for row in rows {
                let run = try await user.run(row)
                #expect(run.code == 64 && !run.errors.isEmpty, "\(row): \(run)")
            }
        }
    }
}
