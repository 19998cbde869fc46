import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// `pontoond user`, `pontoond token` and `pontoon token`, run while the server runs.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct UserCommandTests {
    @Test("the commands in docs/users-and-tokens.md work in the order of the page")
    func documentation() async throws {
        try await withServer { server in
            let page = try String(
                contentsOfFile: Places.root.appending("docs/users-and-tokens.md").string,
                encoding: .utf8
            )
            let blocks = page.split(separator: "```\n", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map(\.element)
            let script =
                "set -e\n"
                + blocks.joined(separator: "\n").replacing("http://127.0.0.1:8080", with: server.origin)
                .replacing("/var/lib/pontoon", with: server.data.string)
            #expect(blocks.count == 8 && script.contains("pontoond user remove ada"))
            try await withTemporaryFolder { folder in
                let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
                let result = try await run(
                    .name("bash"),
                    arguments: ["-c", script],
                    environment: .inherit.updating([
                        "http_proxy": nil, "HTTP_PROXY": nil, "ALL_PROXY": nil, "all_proxy": nil,
                        "PATH": "\(Places.pontoond.removingLastComponent()):\(path)",
                    ]),
                    workingDirectory: folder,
                    output: .string(limit: 1 << 20),
                    error: .string(limit: 1 << 20)
                )
                #expect(result.terminationStatus.isSuccess, "\(result.standardOutput)\n\(result.standardError)")
                // The tokens were revoked, and the project was given to admin.
                for name in ["ada", "sequencer"] {
                    let file = folder.appending("\(name).token").string
                    let token = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
                    #expect(token.count == 32)
                    let client = APIClient(origin: server.origin, token: token)
                    try await eventually("the token is refused") { try await client.call(.GET, "/user").status == 401 }
                }
                #expect(try await server.api.listed("/projects").contains("ada/runs"))
                #expect(try await server.api.listed("/projects/ada/runs/members") == ["admin"])
                #expect(result.standardOutput.contains("sequencer  service        active"))
                #expect(result.standardOutput.contains("upload  ada/runs"))
            }
        }
    }

    @Test("lists show users and tokens in columns")
    func lists() async throws {
        // With so short a lifetime, maintenance runs every second.
        try await withServer(arguments: ["--upload-lifetime", "10s"]) { server in
            try await server.administer("user", "add", "ada")
            try await server.administer("user", "add", "--service", "bot")
            try await server.administer("user", "disable", "ada")
            let users = try await server.administer("user", "list").split(separator: "\n").map(Self.cells)
            #expect(
                users.map { Array($0.prefix(3)) } == [
                    ["NAME", "KIND", "STATE"], ["ada", "user", "disabled"],
                    ["admin", "administrator", "active"],
                    ["bot", "service", "active"],
                ]
            )
            #expect(users[2].suffix(2) == ["1", "1"])
            try await server.administer("user", "add", "cyd", "--email", "Cyd@example.org")
            try await server.administer("user", "set", "ada", "--email", "ada@example.org")
            try await server.administer("user", "set", "cyd", "--no-email")
            let emails = try await server.administer("user", "list").split(separator: "\n").map { Self.cells($0)[4] }
            #expect(emails == ["EMAIL", "ada@example.org", "-", "-", "-"])
            let ada = try await server.administer("user", "list", "--json").split(separator: "\n").first ?? ""
            #expect(ada.contains("\"email\":\"ada@example.org\""), "\(ada)")
            try await server.administer("user", "set", "cyd", "--administrator")
            try await server.administer("user", "set", "admin", "--no-administrator")
            let kinds = try await server.administer("user", "list").split(separator: "\n").map { Self.cells($0)[1] }
            #expect(kinds == ["KIND", "user", "user", "service", "administrator"])
            try await server.administer("user", "remove", "cyd")
            let options = [
                "--name", "nightly run", "--scope", "upload", "--project", "admin/uploads", "--expires", "30d",
            ]
            let token = try await server.administer(arguments: ["token", "create", "admin"] + options)
            let uploader = APIClient(origin: server.origin, token: token)
            #expect(try await uploader.call(.GET, "/user").status == 200)
            for arguments in [["admin"], ["--all"]] {
                let text = try await server.administer(arguments: ["token", "list"] + arguments)
                let tokens = text.split(separator: "\n").map(Self.cells)
                #expect(tokens.count == 3)
                #expect(tokens[0] == ["ID", "USER", "SCOPE", "PROJECTS", "CREATED", "EXPIRES", "LAST USED", "NAME"])
                #expect(tokens[1][1...3] == ["admin", "full", "all"] && tokens[1].last == "first token")
                #expect(tokens[2][1...3] == ["admin", "upload", "admin/uploads"] && tokens[2].last == "nightly run")
                let expiry = try Date(tokens[2][5], strategy: .iso8601)
                #expect(abs(expiry.timeIntervalSinceNow - 30 * 86_400) < 3600)
                #expect(!text.contains(token))
            }
            let lines = try await server.administer("token", "list", "admin", "--json").split(separator: "\n")
            #expect(lines.count == 2 && lines[0].contains("\"scope\":\"full\"") && !lines[0].contains("projects"))
            #expect(lines[1].contains("\"projects\":[\"admin/uploads\"],\"scope\":\"upload\""), "\(lines[1])")
            let bot = try await server.administer("user", "list", "--json").split(separator: "\n").last ?? ""
            #expect(bot.contains("\"kind\":\"service\",\"name\":\"bot\",\"projects\":0,\"state\":\"active\""))
            try await eventually("the use is recorded") {
                let list = try await server.administer("token", "list", "admin").split(separator: "\n").map(Self.cells)
                // The first token was not used.
                return list.map { $0[6] } == ["LAST USED", "never", String(Date().formatted(.iso8601).prefix(10))]
            }
        }
    }

    /// Splits a line of a table, whose columns are separated by at least two spaces.
    private static func cells(_ line: Substring) -> [String] {
        line.split(separator: /\ {2,}/).map { String($0) }
    }

    @Test("a token is revoked by its id or through standard input, and is not accepted as an argument")
    func revoke() async throws {
        try await withServer { server in
            let tokens = try await (0..<2).mapInOrder { _ in try await server.administer("token", "create", "admin") }
            let refused = try await server.fail("token", "revoke", tokens[0])
            #expect(refused.contains("standard input") && !refused.contains(tokens[0]))
            try await server.administer("token", "revoke", "-", input: "\(tokens[0])\n")
            let list = try await server.administer("token", "list", "admin")
            let last = try #require(list.split(separator: "\n").last?.split(separator: " ").first)
            try await server.administer("token", "revoke", String(last))
            for token in tokens {
                let client = APIClient(origin: server.origin, token: token)
                try await eventually("the token is refused") { try await client.call(.GET, "/user").status == 401 }
            }
            for (arguments, input) in [(["000000000000"], ""), (["-"], ""), (["-"], tokens[0])] {
                _ = try await server.fail(arguments: ["token", "revoke"] + arguments, input: input)
            }
            #expect(try await server.api.call(.GET, "/user").status == 200)
        }
    }

    @Test("mistakes are refused with a message, and change nothing")
    func mistakes() async throws {
        try await withServer { server in
            try await server.administer("user", "add", "ada")
            try await server.administer("user", "add", "--service", "bot")
            let cases: [(arguments: [String], message: String)] = [
                (["user", "add", "ada"], "already exists"), (["user", "add", "-x"], "x"),
                (["user", "add", "cyd", "--email", "cyd"], "name@domain"), (["user", "set", "ada"], "--no-email"),
                (["user", "set", "ada", "--email", "a@b", "--no-email"], "--no-email"),
                (["user", "set", "nobody", "--no-email"], "nobody"),
                (["user", "set", "bot", "--administrator"], "service user"),
                (["user", "add", "cyd", "--service", "--administrator"], "service user"),
                (["user", "disable", "nobody"], "nobody"), (["user", "enable", "nobody"], "nobody"),
                (["user", "remove", "nobody"], "nobody"), (["user", "remove", "admin"], "owns 1 project"),
                (["user", "remove", "admin", "--give-projects-to", "nobody"], "nobody"),
                (["user", "remove", "admin", "--give-projects-to", "bot"], "service user"),
                (["user", "remove", "admin", "--give-projects-to", "admin"], "another user"),
                (["user", "remove", "admin", "--give-projects-to", "ada", "--delete-projects"], "combined"),
                (["token", "create", "nobody"], "nobody"), (["token", "create", "ada", "--scope", "write"], "scope"),
                (["token", "create", "ada", "--expires", "0d"], "10000d"),
                (["token", "create", "ada", "--expires", "10001d"], "10000d"),
                (["token", "create", "ada", "--project", "admin"], "owner/project"),
                (["token", "create", "ada", "--project", "admin/uploads"], "admin/uploads"),
                (["token", "create", "bot", "--link"], "service user"),
                (["token", "list"], "--all"), (["token", "list", "ada", "--all"], "--all"),
                (["token", "list", "nobody"], "nobody"),
            ]
            for (arguments, message) in cases {
                let errors = try await server.fail(arguments: arguments)
                #expect(errors.contains(message), "\(arguments): \(errors)")
            }
            let users = try await server.administer("user", "list").split(separator: "\n").map(Self.cells)
            #expect(users.dropFirst().map { $0[0] } == ["ada", "admin", "bot"])
            #expect(users.dropFirst().allSatisfy { $0[2] == "active" })
            #expect(try await server.administer("token", "list", "--all").split(separator: "\n").count == 2)
        }
    }

    @Test("users list, create and revoke their own tokens with the client")
    func client() async throws {
        try await withPontoon { server, user in
            let created = try await user.run(
                ["token", "create", "--name", "CI", "--scope", "read", "--project", "admin/uploads", "--expires", "30"]
            )
            #expect(created.code == 0, "\(created)")
            var reader = user
            reader.token = created.output
            let list = try await reader.run(["token", "ls", "--json"])
            let token = try #require(list.all("token").first)
            #expect(list.all("token").count == 1 && token.text("name") == "CI" && token.text("scope") == "read")
            #expect(token.fields["current"] == true && token.fields["projects"] == ["admin/uploads"])
            #expect(!list.output.contains(created.output))
            let refused = try await reader.run(["token", "create"])
            #expect(refused.code == 3, "\(refused)")
            let all = try await user.run(["token"])
            #expect(all.code == 0 && all.output.contains("CI") && all.output.contains("(in use)"), "\(all)")
            let id = try #require(token.text("id"))
            #expect(try await user.run(["token", "revoke", id]).code == 0)
            #expect(try await user.run(["token", "revoke", id]).code == 4)
            #expect(try await reader.run(["token", "ls"]).code == 3)
            #expect(try await user.run(["token", "create", "--expires", "0"]).code == 64)
        }
    }
}

extension Range<Int> {
    /// Transforms the numbers sequentially.
    fileprivate func mapInOrder<Value>(_ transform: (Int) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for number in self { values.append(try await transform(number)) }
        return values
    }
}
