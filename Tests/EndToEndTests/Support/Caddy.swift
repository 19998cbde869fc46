import Foundation
import NIOPosix
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Runs with the reverse proxy of `deploy/Caddyfile` in front of servers.
///
/// - Parameters:
///   - servers: Host and port of each.
///   - body: Gets scheme, host and port of the proxy.
/// - Returns: What the body returned.
/// - Throws: What the body throws; when the proxy does not start.
func withCaddy<Value: Sendable>(
    _ servers: [String],
    _ body: @Sendable (String) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        let log = try FileDescriptor.open(
            folder.appending("log"),
            .writeOnly,
            options: .create,
            permissions: .ownerReadWrite
        )
        let site = "http://127.0.0.1:\(try await freePort())"
        let result = try await run(
            .path(Places.root.appending(".venv/bin/caddy")),
            arguments: ["run", "--adapter", "caddyfile", "--config", Places.root.appending("deploy/Caddyfile").string],
            environment: .inherit.updating([
                "PONTOON_SITE": site, "PONTOON_UPSTREAMS": servers.joined(separator: " "),
                // Nothing that another proxy on this machine has.
                "CADDY_ADMIN": "unix/\(folder)/admin", "XDG_DATA_HOME": folder.string, "XDG_CONFIG_HOME": folder.string,
            ]),
            input: .none,
            output: .discarded,
            error: .fileDescriptor(log, closeAfterSpawningProcess: true)
        ) { execution in
            let pid = execution.processIdentifier.value
            defer { kill(pid, SIGTERM) }
            let anybody = APIClient(origin: site, http: impatientHTTP)
            try await eventually("the proxy serves") {
                guard let answer = try? await anybody.send(.GET, site + "/v2/") else { return false }
                return answer.status == 200
            }
            return try await body(site)
        }
        return result.closureResult
    }
}

/// A port that nobody listens on.
func freePort() async throws -> Int {
    let socket = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(socket.localAddress?.port)
    try await socket.close()
    return port
}
