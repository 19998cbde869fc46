import Foundation
import NIOCore
import NIOHTTP1
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The nginx site in `deploy/`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct NginxTests {
    @Test("through nginx, a file is uploaded and downloaded at URLs of the proxy, and the log contains no signature")
    func transfer() async throws {
        let arguments = ["--trust-forwarded-proto", "true", "--allowed-hosts", "127.0.0.1"]
        try await withServer(arguments: arguments) { server in
            try await FreePort.retrying {
                try await withNginx(at: try FreePort.reserve(), server) { site, log in
                    let api = APIClient(origin: site, token: server.api.token)
                    let bytes = pseudoRandomBytes(seed: 1, count: 12 << 20)
                    let file = try await api.upload("proxied", bytes)
                    let url = try await api.call(.GET, "/files/\(file)/download_info").text("url")
                    #expect(url.hasPrefix(site + "/"))
                    #expect(try await api.download(file) == bytes)
                    try await eventually("the download is logged") {
                        let text = try String(contentsOfFile: log.string, encoding: .utf8)
                        #expect(!text.contains("signature") && !text.contains("?"))
                        return text.contains("\"GET /storage/files/\(file)\" 200")
                    }
                }
            }
        }
    }

    @Test("through nginx, an event stream delivers each event immediately")
    func events() async throws {
        try await withServer(arguments: ["--trust-forwarded-proto", "true"]) { server in
            try await FreePort.retrying {
                try await withNginx(at: try FreePort.reserve(), server) { site, _ in
                    let proxied = APIClient(origin: site, token: server.api.token)
                    var stream = try await proxied.eventStream("after=latest&types=file.created")
                    for name in ["a", "b"] {
                        let file = try await server.api.uploadSmall(name)
                        #expect(try await stream.next()?.event.subject == "files/\(file)")
                    }
                }
            }
        }
    }

    /// Runs nginx with the site of `deploy/nginx.conf`, but without TLS, in front of a server.
    private func withNginx(
        at port: Int,
        _ server: ServerProcess,
        _ body: @Sendable (_ site: String, _ log: FilePath) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let log = folder.appending("pontoon.log")
            let site = try String(
                contentsOfFile: Places.root.appending("deploy/nginx.conf").string,
                encoding: .utf8
            )
            .replacing("listen 443 ssl;", with: "listen 127.0.0.1:\(port);")
            .replacing("127.0.0.1:8080", with: server.origin.dropFirst("http://".count))
            .replacing("/var/log/nginx/pontoon.log", with: log.string)
            .split(separator: "\n").filter { !$0.contains("ssl") }.joined(separator: "\n")
            let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(folder)/\($0);" }.joined(separator: "\n")
            let configuration = """
                daemon off;
                pid \(folder)/pid;
                error_log \(folder)/error.log;
                events {}
                http {
                \(paths)
                \(site)
                }
                """
            let file = folder.appending("nginx.conf").string
            try configuration.write(toFile: file, atomically: true, encoding: .utf8)
            _ = try await run(
                .path("/usr/sbin/nginx"),
                arguments: ["-p", folder.string, "-c", file],
                input: .none,
                output: .discarded,
                error: .discarded
            ) { execution in
                defer { kill(execution.processIdentifier.value, SIGTERM) }
                let origin = "http://127.0.0.1:\(port)"
                try await eventually("nginx serves") {
                    let errors = (try? String(contentsOfFile: "\(folder)/error.log", encoding: .utf8)) ?? ""
                    if errors.contains("Address already in use") { throw AddressInUse(description: errors) }
                    return await (try? server.api.send(.GET, origin + "/v2/"))?.status == 200
                }
                try await body(origin, log)
            }
        }
    }
}
