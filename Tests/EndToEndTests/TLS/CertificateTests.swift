import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Certificates and keys of servers and clients, and the redirect from HTTP to HTTPS.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct CertificateTests {
    @Test("a certificate is replaced while eight uploads run, no upload fails, and new connections use the new one")
    func replacement() async throws {
        try await withTLSServer { server, authority, _ in
            try await authority.withHTTP { http in
                let api = APIClient(origin: server.origin, token: server.token, http: http)
                let pair = CertificatePair(authority, "server")
                let part = testBytes(seed: 8, count: 5 << 20)
                let uploaded = Counter()
                try await withThrowingTaskGroup { group in
                    let isReplaced = Switch()
                    for number in 0..<8 {
                        group.addTask {
                            let upload = try await api.initialize("f\(number)", size: nil)
                            var count = 0
                            // Sends at least four parts, and continues until the certificate is replaced.
                            while count < 4 || !isReplaced.isOn {
                                count += 1
                                try await api.store(upload, count, part)
                                _ = uploaded.next()
                            }
                            let file = try await api.complete(upload).text("id")
                            let details = try await api.call(.GET, "/files/\(file)")
                            #expect(details["size"] == .integer(Int64(count * part.readableBytes)))
                        }
                    }
                    group.addTask {
                        try await eventually("all uploads have started") { uploaded.current >= 8 }
                        try pair.replace(with: try await authority.issue("renewed"))
                        server.signal(SIGHUP)
                        try await eventually("new connections get the new certificate") {
                            try await commonName(server, authority) == "renewed"
                        }
                        isReplaced.turnOn()
                    }
                    try await group.waitForAll()
                }
                #expect(try log(server).contains("certificate replaced"))
            }
        }
    }

    @Test("a changed certificate is detected without a signal, and a warning is logged if it expires soon")
    func change() async throws {
        try await withTLSServer { server, authority, _ in
            #expect(try await commonName(server, authority) == "server")
            try CertificatePair(authority, "server").replace(with: try await authority.issue("changed", days: 13))
            try await eventually("new connections get the new certificate") {
                try await commonName(server, authority) == "changed"
            }
            try await eventually("the warning is logged") { try log(server).contains("certificate expires soon") }
            #expect(try log(server).components(separatedBy: "certificate replaced").count == 2)
        }
    }

    @Test("an unusable replacement is logged once, and the earlier certificate stays in use")
    func badReplacement() async throws {
        try await withTLSServer { server, authority, _ in
            let pair = CertificatePair(authority, "server")
            let other = try await authority.issue("other")
            let expired = try await authority.issue("expired", shift: "-90d")
            let problems: [(String, @Sendable () throws -> Void)] = [
                ("does not belong", { try write(other.certificate, to: pair.certificate) }),
                ("expired", { try pair.replace(with: expired) }),
                ("does not contain certificates", { try Data().write(to: URL(filePath: pair.certificate.string)) }),
                ("cannot read", { try FileManager.default.removeItem(atPath: pair.certificate.string) }),
            ]
            for (problem, change) in problems {
                let before = try log(server)
                try change()
                server.signal(SIGHUP)
                try await eventually("'\(problem)' is logged") {
                    try log(server).dropFirst(before.count).contains(problem)
                }
                #expect(try await commonName(server, authority) == "server", "\(problem)")
            }
            try pair.replace(with: other)
            server.signal(SIGHUP)
            try await eventually("a usable certificate is used") {
                try await commonName(server, authority) == "other"
            }
        }
    }

    @Test(
        "certificates and keys of all common kinds are accepted",
        arguments: ["ec", "rsa:2048", "sec1", "pkcs1", "ed25519"]
    )
    func kinds(_ kind: String) async throws {
        try await withTemporaryFolder { folder in
            let authority = try await TestAuthority(in: folder.appending("ca"))
            let name = ["sec1": "ec", "pkcs1": "rsa:2048"][kind] ?? kind
            let pair = try await authority.issue("server", key: name)
            let key = pair.key.string
            switch kind {
            case "sec1":
                // 'openssl ecparam -genkey' writes this format: the parameters come before the key.
                let parameters = try await openssl(["ecparam", "-name", "prime256v1"])
                let text = parameters + (try await openssl(["ec", "-in", key]))
                try text.write(toFile: key, atomically: true, encoding: .utf8)
            case "pkcs1": try await openssl(["rsa", "-traditional", "-in", key, "-out", key])
            default: break
            }
            let result = try await checkConfiguration(["--data", folder.appending("data").string] + pair.flags)
            #expect(result.status == .exited(0) && result.output.contains("Certificate: valid until"), "\(result)")
        }
    }

    @Test("unusable files are rejected at start, and the error names the setting and the file")
    func badFiles() async throws {
        try await withTemporaryFolder { folder in
            let authority = try await TestAuthority(in: folder.appending("ca"))
            let pair = try await authority.issue("good")
            let other = try await authority.issue("other")
            let expired = try await authority.issue("expired", shift: "-90d")
            let future = try await authority.issue("future", shift: "+30d")
            let locked = folder.appending("locked.key")
            try await openssl([
                "pkey", "-in", pair.key.string, "-aes256", "-passout", "pass:secret", "-out", locked.string,
            ])
            let empty = folder.appending("empty")
            try Data().write(to: URL(filePath: empty.string))
            let pipe = folder.appending("pipe")
            try #require(mkfifo(pipe.string, 0o600) == 0)
            let (certificate, key) = (pair.certificate, pair.key)
            let data = folder.appending("data")
            let rows: [(certificate: FilePath, key: FilePath, extra: [String], setting: String, problem: String)] = [
                (certificate, other.key, [], "tls-key", "does not belong"),
                (expired.certificate, expired.key, [], "tls-certificate", "expired at"),
                (future.certificate, future.key, [], "tls-certificate", "not valid before"),
                (certificate, locked, [], "tls-key", "is encrypted"),
                (empty, key, [], "tls-certificate", "does not contain certificates"),
                (certificate, empty, [], "tls-key", "does not contain a private key"),
                (key, key, [], "tls-certificate", "does not contain certificates"),
                (certificate, certificate, [], "tls-key", "does not contain a private key"),
                (pipe, key, [], "tls-certificate", "does not contain certificates"),
                ("/dev/zero", key, [], "tls-certificate", "cannot read the file '/dev/zero'"),
                ("/nowhere.pem", key, [], "tls-certificate", "cannot read the file '/nowhere.pem'"),
                (certificate, folder, [], "tls-key", "cannot read the file"),
                (certificate, key, ["--tls-client-ca", empty.string], "tls-client-ca", "contain certificates"),
            ]
            for row in rows {
                let files = CertificatePair(certificate: row.certificate, key: row.key)
                let refused = try await runServer(["--data", data.string] + files.flags + row.extra)
                refused.expectRefusal("'\(row.setting)'", row.problem)
                #expect(!refused.errors.contains("PRIVATE KEY"))
            }
            let flags: [(flags: [String], setting: String)] = [
                (["--tls-certificate", certificate.string], "tls-key"), (["--tls-key", key.string], "tls-certificate"),
                (["--tls-client-ca", certificate.string], "tls-client-ca"),
                (["--redirect-listen", "127.0.0.1:8000"], "redirect-listen"),
                (pair.flags + ["--listen", "unix:/tmp/pontoon-test.sock"], "listen"),
                (pair.flags + ["--listen", "127.0.0.1:0", "--redirect-listen", "127.0.0.1:8000"], "redirect-listen"),
            ]
            for (flags, setting) in flags {
                try await runServer(["--data", data.string] + flags).expectRefusal("setting '\(setting)'")
            }
            #expect(!FileManager.default.fileExists(atPath: data.string), "the data directory was created")
        }
    }

    @Test("with --tls-client-ca, only clients with a certificate from the authority can connect")
    func clientCertificates() async throws {
        try await withTemporaryFolder { folder in
            let authority = try await TestAuthority(in: folder.appending("ca"))
            let clients = try await TestAuthority(in: folder.appending("clients"))
            let pair = try await authority.issue("server")
            let arguments = pair.flags + ["--tls-client-ca", clients.certificate.string]
            try await withServer(ServerOptions(data: folder.appending("data"), arguments: arguments)) { server in
                let client = try await clients.issue("client")
                try await authority.withHTTP(certificate: client) { http in
                    let api = APIClient(origin: server.origin, token: server.token, http: http)
                    let bytes = testBytes(seed: 6, count: 6 << 20)
                    let file = try await api.upload("f", bytes)
                    let back = try await api.download(file)
                    #expect(back == bytes)
                }
                let health = ["--cacert", authority.certificate.string, server.origin + "/healthz"]
                func present(_ pair: CertificatePair) -> [String] {
                    ["--cert", pair.certificate.string, "--key", pair.key.string]
                }
                #expect(try await curl(present(client) + health).status.isSuccess)
                let expired = try await clients.issue("expired", shift: "-90d")
                for refused in [[], present(pair), present(expired)] {
                    let result = try await curl(refused + health)
                    #expect(!result.status.isSuccess, "\(refused): \(result)")
                }
                // A client that resumes its session is still identified by its certificate.
                for version in ["-tls1_2", "-tls1_3"] {
                    let session = folder.appending("session\(version)").string
                    let arguments = [version, "-CAfile", authority.certificate.string, "-verify_return_error"]
                    let identity = ["-cert", client.certificate.string, "-key", client.key.string]
                    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                    for flag in ["-sess_out", "-sess_in"] {
                        let connection = try await SecureConnection(
                            server,
                            arguments + identity + ["-ign_eof", flag, session],
                            input: request
                        )
                        #expect(connection.report.contains("{\"status\":\"ok\"}"), "\(version): \(connection.report)")
                    }
                }
            }
        }
    }

    @Test("HTTP requests are redirected, unless they contain a token or are neither GET nor HEAD")
    func redirect() async throws {
        try await withTemporaryFolder { folder in
            let authority = try await TestAuthority(in: folder.appending("ca"))
            let pair = try await authority.issue("server")
            let (port, plain) = (try FreePort.reserve(), try FreePort.reserve())
            let arguments = pair.flags + ["--redirect-listen", "127.0.0.1:\(plain)", "--allowed-hosts", "127.0.0.1"]
            let options = ServerOptions(data: folder.appending("data"), arguments: arguments, port: port)
            try await withServer(options) { server in
                let origin = "http://127.0.0.1:\(plain)"
                let followed = try await curl([
                    "--location", "--cacert", authority.certificate.string, origin + "/healthz?a=%20b",
                ])
                #expect(followed.output == "{\"status\":\"ok\"}", "\(followed)")
                let client = APIClient(origin: origin, http: impatientHTTP)
                for (path, method) in [("/", HTTPMethod.GET), ("/v2/files?a=%20b", .GET), ("/readyz", .HEAD)] {
                    let head = try await curl(["--request", method.rawValue, "--head", origin + path])
                    #expect(head.output.contains("308"), "\(head)")
                    #expect(head.output.contains("Location: \(server.origin)\(path)\r\n"), "\(head)")
                }
                for (method, headers) in [
                    (HTTPMethod.GET, ["X-SBG-Auth-Token": server.token] as HTTPHeaders),
                    (.GET, ["Authorization": "Bearer \(server.token)"]), (.POST, [:]), (.DELETE, [:]),
                ] {
                    let refused = try await client.send(method, origin + "/v2/user", headers: headers)
                    server.expectRefusal(refused, 403, 90002, "\(method) \(headers)")
                }
                for host in ["evil.example", "127.0.0.1:1/x", ""] {
                    let refused = try await curl(["--include", "-H", "Host: \(host)", origin + "/"])
                    #expect(refused.output.contains("400 Bad Request"), "\(host): \(refused)")
                }
                let free = "127.0.0.1:\(try FreePort.reserve())"
                let other = ["--data", folder.appending("other").string, "--listen", free]
                try await runServer(other + pair.flags + ["--redirect-listen", "127.0.0.1:\(plain)"])
                    .expectRefusal("'redirect-listen'", "127.0.0.1:\(plain)")
            }
        }
    }
}

extension CertificatePair {
    /// Refers to the files that ``TestAuthority/issue(_:for:key:days:shift:)`` created for a name.
    init(_ authority: TestAuthority, _ name: String) {
        let folder = authority.certificate.removingLastComponent()
        self.init(certificate: folder.appending("\(name).pem"), key: folder.appending("\(name).key"))
    }
}

private func commonName(_ server: ServerProcess, _ authority: TestAuthority) async throws -> String? {
    try await SecureConnection(server, ["-CAfile", authority.certificate.string]).commonName
}

private func write(_ source: FilePath, to target: FilePath) throws {
    try Data(contentsOf: URL(filePath: source.string)).write(to: URL(filePath: target.string), options: .atomic)
}

private func log(_ server: ServerProcess) throws -> String {
    try String(contentsOfFile: server.log.string, encoding: .utf8)
}

/// Runs `pontoond serve --check-config`.
func checkConfiguration(_ arguments: [String]) async throws -> RefusedStart {
    try await runServer(["--check-config"] + arguments)
}
