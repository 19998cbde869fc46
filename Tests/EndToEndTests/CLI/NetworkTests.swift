import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import Synchronization
import SystemPackage
import Testing

/// `pontoon` with TLS, proxies and rate limits.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct NetworkTests {
    /// Runs `front.py` with these arguments, and `body` with the port on which the script listens.
    ///
    /// - Returns: The body's result, and the lines that the script printed after its port.
    private func withFront<Value: Sendable>(
        _ arguments: [String],
        _ body: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> (value: Value, lines: [String]) {
        let result = try await run(
            .path(Places.python),
            arguments: Arguments([Places.script("front.py").string] + arguments),
            input: .none,
            output: .sequence,
            error: .discarded
        ) { execution in
            var lines: [String] = []
            let pid = execution.processIdentifier.value
            return try await withThrowingTaskGroup(of: Value?.self) { group in
                for try await line in execution.standardOutput.strings() {
                    let line = line.trimmingCharacters(in: .whitespacesAndNewlines)
                    if lines.isEmpty {
                        let port = try #require(Int(line))
                        group.addTask {
                            defer { kill(pid, SIGTERM) }
                            return try await body(port)
                        }
                    }
                    lines.append(line)
                }
                let value = try #require(try await group.next() ?? nil)
                return (value, Array(lines.dropFirst()))
            }
        }
        return result.closureResult
    }

    @Test("a private certificate is trusted only with --ca-file or SSL_CERT_FILE")
    func certificates() async throws {
        try await withTemporaryFolder { folder in
            let home = folder.appending("home")
            try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: false)
            let (certificate, key) = (folder.appending("cert.pem").string, folder.appending("key.pem").string)
            let made = try await run(
                .name("openssl"),
                arguments: [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
                    "-keyout", key, "-out", certificate, "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                ],
                output: .discarded,
                error: .string(limit: 1 << 16)
            )
            try #require(made.terminationStatus.isSuccess, "\(made.standardError)")
            let data = folder.appending("data")
            // The server and the proxy need each other's address, so the server's port is reserved first.
            let port = try FreePort.reserve()
            _ = try await withFront(["tls", certificate, key, String(port)]) { front in
                let address = "https://127.0.0.1:\(front)"
                let options = ServerOptions(data: data, arguments: ["--public-url", address], port: port)
                try await withServer(options) { server in
                    var user = PontoonUser(home, server)
                    user.endpoint = address + "/v2"
                    let path = try user.makeFile("f", size: 6 << 20).string
                    let refused = try await user.upload(path)
                    #expect(refused.code == 6, "\(refused)")
                    let error = try #require(refused.all("error").first)
                    #expect(error.text("code") == "tls_failed" && error.text("message")?.contains("--ca-file") == true)
                    let trusted = try await user.upload("--ca-file", certificate, path)
                    #expect(trusted.code == 0, "\(trusted)")
                    user.environment["SSL_CERT_FILE"] = certificate
                    let named = try await user.upload("--overwrite", "--no-resume", path)
                    #expect(named.code == 0, "\(named)")
                    let nonsense = try await user.upload("--ca-file", path, path)
                    #expect(nonsense.code == 6, "\(nonsense)")
                }
            }
        }
    }

    @Test("requests use the proxy of the environment, except for hosts in NO_PROXY")
    func proxies() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 6 << 20).string
            let front = try await withFront(["connect"]) { port in
                var user = user
                user.environment = ["http_proxy": "http://127.0.0.1:\(port)"]
                let through = try await user.upload(path)
                #expect(through.code == 0, "\(through)")
                return port
            }
            let host = server.origin.dropFirst("http://".count)
            #expect(!front.lines.isEmpty && front.lines.allSatisfy { $0 == "CONNECT \(host)" }, "\(front.lines)")

            var past = user
            // The proxy is no longer listening.
            past.environment = ["http_proxy": "http://127.0.0.1:\(front.value)", "no_proxy": "127.0.0.1"]
            let direct = try await past.upload("--overwrite", "--no-resume", path)
            #expect(direct.code == 0, "\(direct)")
        }
    }

    @Test("a rate limit delays an upload but does not fail it")
    func limited() async throws {
        try await withPontoon(arguments: ["--rate-limit", "20/3s"]) { server, user in
            // The files are too large to be sent with one call each.
            for number in 0..<20 { try user.makeFile("data/f\(number)", size: (1 << 20) + 1) }
            let start = ContinuousClock.now
            let run = try await user.upload("--parallel", "4", user.folder.appending("data").string)
            #expect(run.code == 0 && run.all("uploaded").count == 20, "\(run)")
            // The run needs more than 40 calls, so it includes at least one complete rate-limit window.
            #expect(ContinuousClock.now - start > .seconds(3))
            let explained = try await user.run([
                "upload", "--explain", "--project", "admin/uploads", user.folder.string,
            ])
            #expect(explained.output.contains("the rate limit is 20 per "), "\(explained)")
        }
    }
}
