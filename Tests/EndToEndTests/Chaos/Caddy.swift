import Foundation
import NIOHTTP1
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Runs `body` with the reverse proxy of `deploy/Caddyfile` in front of servers.
///
/// - Parameters:
///   - servers: Host and port of each server.
///   - body: Receives the proxy's origin: scheme, host and port.
/// - Returns: The body's result.
/// - Throws: The body's error, or an error if the proxy does not start.
func withCaddy<Value: Sendable>(
    _ servers: [String],
    _ body: @Sendable (String) async throws -> Value
) async throws -> Value {
    try await FreePort.retrying {
        try await withCaddy(at: try FreePort.reserve(), servers, body)
    }
}

private func withCaddy<Value: Sendable>(
    at port: Int,
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
        let site = "http://127.0.0.1:\(port)"
        let result = try await run(
            .path(Places.root.appending(".venv/bin/caddy")),
            arguments: ["run", "--adapter", "caddyfile", "--config", Places.root.appending("deploy/Caddyfile").string],
            environment: .inherit.updating([
                "PONTOON_SITE": site, "PONTOON_UPSTREAMS": servers.joined(separator: " "),
                // A separate admin socket and folders, to avoid conflicts with other proxies on this machine.
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
                let text = try String(contentsOfFile: folder.appending("log").string, encoding: .utf8)
                if text.contains("address already in use") { throw AddressInUse(description: text) }
                guard let response = try? await anybody.send(.GET, site + "/v2/") else { return false }
                return response.status == 200
            }
            return try await body(site)
        }
        return result.closureResult
    }
}
