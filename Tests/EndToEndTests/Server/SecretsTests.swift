import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Tokens and signatures in environment variables, files and logs.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct SecretsTests {
    @Test("PONTOON_BOOTSTRAP_TOKEN sets the admin's token at the first start only")
    func bootstrapToken() async throws {
        try await withTemporaryFolder { folder in
            var options = ServerOptions(data: folder.appending("data"))
            let token = "7c5e0a9f3b61d84e2fa7103cc9d6b58e"
            options.environment = ["PONTOON_BOOTSTRAP_TOKEN": token]
            try await withServer(options) { server in
                let known = try await server.api.call(.GET, "/user")
                #expect(server.token == token && known.status == 200)
            }
            options.environment = ["PONTOON_BOOTSTRAP_TOKEN": "e19b7d2046ac5f83310edb967f24c8a5"]
            try await withServer(options) { server in
                #expect(server.token == token)
                #expect(try await server.api.call(.GET, "/user").status == 200)
                let other = APIClient(origin: server.origin, token: "e19b7d2046ac5f83310edb967f24c8a5")
                server.expectRefusal(try await other.call(.GET, "/user"), 401, 90001)
            }
            let weak = [
                "7c5e0a9f3b61d84e2fa7103cc9d6b58", "with blanks 7c5e0a9f3b61d84e2fa7103cc9d6b58e",
                "change-me-change-me-change-me-change-me",
            ]
            for short in weak {
                let refused = try await runServer(
                    ["--data", folder.appending("other").string],
                    environment: ["PONTOON_BOOTSTRAP_TOKEN": short]
                )
                refused.expectRefusal("'bootstrap-token'", "32 to 256")
                #expect(!refused.errors.contains(short))
            }
        }
    }

    @Test("the credentials file is in the clients' format, private, and the only file that contains the token")
    func credentials() async throws {
        try await withServer { server in
            let path = server.data.appending("credentials").string
            let text = try String(contentsOfFile: path, encoding: .utf8)
            #expect(text == "[default]\napi_endpoint = \(server.endpoint)\nauth_token = \(server.token)\n")
            #expect(try Self.mode(path) == 0o600)
            #expect(try Self.mode(server.data.string) == 0o700)
            _ = try await server.api.upload("a", pseudoRandomBytes(seed: 1, count: 1000))
            let added = try await server.addUser("other")
            let token = try #require(added.token)
            #expect(try await added.call(.GET, "/user").status == 200)
            var files = 0
            for file in try FileManager.default.subpathsOfDirectory(atPath: server.data.string)
            where file != "credentials" {
                guard let bytes = FileManager.default.contents(atPath: server.data.appending(file).string) else {
                    continue
                }
                files += 1
                for secret in [server.token, token] { #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)") }
                if file.contains("sqlite") { #expect(try Self.mode(server.data.appending(file).string) == 0o600) }
            }
            #expect(files >= 4)
        }
    }

    @Test("a restart updates the endpoint of the default profile and keeps everything else in the credentials file")
    func profiles() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"))
            let path = folder.appending("data/credentials").string
            let added = "# mine\n[other]\napi_endpoint = https://example.org/v2\nauth_token = abc\n"
            try await withServer(options) { _ in
                let text = try String(contentsOfFile: path, encoding: .utf8)
                try (text + added).write(toFile: path, atomically: true, encoding: .utf8)
            }
            try await withServer(options) { server in
                let text = try String(contentsOfFile: path, encoding: .utf8)
                #expect(text.hasPrefix("[default]\napi_endpoint = \(server.endpoint)\n"))
                #expect(text.hasSuffix(added))
            }
        }
    }

    @Test("the log never contains a token or signature, even at trace level and for errors")
    func log() async throws {
        try await withServer(arguments: smallParts + ["--log-level", "trace"]) { server in
            let upload = try await server.api.initialize("logged", size: 1000, partSize: 1000)
            let url = try await server.api.partURL(upload, 1)
            let bytes = pseudoRandomBytes(seed: 2, count: 1000)
            try await server.api.store(upload, 1, bytes)
            let file = try await server.api.complete(upload).text("id")
            let download = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
            _ = try await server.api.send(.GET, download)
            let wrongToken = "0123456789abcdef0123456789abcdef"
            _ = try await APIClient(origin: server.origin, token: wrongToken).call(.GET, "/user")
            _ = try await server.api.call(.GET, "/user", headers: ["Authorization": "Bearer \(server.token)"])
            _ = try await server.api.send(.PUT, url + "0", bytes)
            _ = try await server.api.send(.DELETE, url)
            _ = try await server.api.send(.GET, server.origin + "/\(server.token)?token=\(server.token)")
            let cut = "PUT \(try target(url)) HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"
            _ = try await server.exchange(cut)
            try await eventually("the log is written") {
                try String(contentsOfFile: server.log.string, encoding: .utf8).split(separator: "\n").count > 10
            }
            let log = try String(contentsOfFile: server.log.string, encoding: .utf8)
            let signatures = try [url, download].map { url in
                try #require(URLComponents(string: url)?.queryItems?.first { $0.name == "signature" }?.value)
            }
            for secret in [server.token, wrongToken, "signature="] + signatures {
                let line = log.split(separator: "\n").first { $0.contains(secret) }
                #expect(line == nil, "\(secret)")
            }
        }
    }

    private static func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }
}
