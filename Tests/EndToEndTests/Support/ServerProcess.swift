import Foundation
import Glibc
import PontoonCore
import Subprocess
import SystemPackage
import Testing

/// How a server is started.
struct ServerOptions {
    /// Its data folder; an empty one is a first start.
    var data: FilePath
    /// Flags after `serve --data … --listen …`.
    var arguments: [String] = []
    /// Environment in addition to this process's.
    var environment: [String: String] = [:]
    /// Port to listen on; 0 takes any free one.
    var port = 0
    /// A program and its arguments that run the server, such as `strace -f`.
    var wrapper: [String] = []
}

/// A running server: the built binary, in a process of its own.
struct ServerProcess: Sendable {
    /// Process id of the server, or of its wrapper.
    let pid: pid_t
    /// Scheme, host and port.
    let origin: String
    /// The admin's token.
    let token: String
    /// Its data folder.
    let data: FilePath
    /// What it writes to standard error.
    let log: FilePath

    /// Address of the API.
    var endpoint: String { origin + "/v2" }
    /// Calls the API as admin.
    var api: APIClient { APIClient(origin: origin, token: token) }

    /// Sends a signal to the process.
    func signal(_ number: CInt) { kill(pid, number) }

    /// Resident memory of the process in bytes, at its highest.
    func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first) * 1024
    }
}

/// Runs with a server; it is asked to stop afterwards unless it ended before.
///
/// - Returns: What the body returned, and how the process ended.
@discardableResult
func withServer<Value: Sendable>(
    _ options: ServerOptions,
    _ body: @Sendable (ServerProcess) async throws -> Value
) async throws -> (value: Value, status: TerminationStatus) {
    let log = FilePath(options.data.string + ".log")
    let logFile = try FileDescriptor.open(log, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
    let command =
        options.wrapper + [Places.pontoond.string, "serve", "--data", options.data.string]
        + ["--listen", "127.0.0.1:\(options.port)"] + options.arguments
    let environment = options.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
    let result = try await run(
        .path(FilePath(command[0])),
        arguments: Arguments(Array(command.dropFirst())),
        environment: .inherit.updating(Dictionary(uniqueKeysWithValues: environment)),
        input: .none,
        output: .sequence,
        error: .fileDescriptor(logFile, closeAfterSpawningProcess: true)
    ) { execution in
        let pid = execution.processIdentifier.value
        var endpoint: String?
        for try await line in execution.standardOutput.strings() {
            if line.hasPrefix("Listening on ") {
                endpoint = line.dropFirst("Listening on ".count).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            if line.hasPrefix("Credentials are in ") { break }
        }
        do {
            let endpoint = try #require(
                endpoint,
                "the server did not start: \((try? String(contentsOfFile: log.string, encoding: .utf8)) ?? "")"
            )
            let credentials = try String(contentsOfFile: options.data.appending("credentials").string, encoding: .utf8)
            let line = try #require(credentials.split(separator: "\n").first { $0.hasPrefix("auth_token = ") })
            let value = try await body(
                ServerProcess(
                    pid: pid,
                    origin: String(endpoint.dropLast("/v2".count)),
                    token: String(line.dropFirst("auth_token = ".count)),
                    data: options.data,
                    log: log
                )
            )
            kill(pid, SIGTERM)
            return value
        } catch {
            kill(pid, SIGTERM)
            throw error
        }
    }
    return (result.closureResult, result.terminationStatus)
}

/// Runs with a server on a folder of its own.
@discardableResult
func withServer<Value: Sendable>(
    arguments: [String] = [],
    _ body: @Sendable (ServerProcess) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        try await withServer(ServerOptions(data: folder.appending("data"), arguments: arguments), body).value
    }
}

/// Runs a script of Tests/EndToEndTests/Python, with the address and token of a server in its environment.
///
/// - Returns: What it printed.
@discardableResult
func runPython(_ script: String, _ arguments: [String] = [], server: ServerProcess) async throws -> String {
    let result = try await run(
        .path(Places.python),
        arguments: Arguments([Places.script(script).string] + arguments),
        environment: .inherit.updating(["SB_API_ENDPOINT": server.endpoint, "SB_AUTH_TOKEN": server.token]),
        output: .string(limit: 4 << 20),
        error: .string(limit: 4 << 20)
    )
    try #require(result.terminationStatus.isSuccess, "\(script): \(result.standardOutput)\n\(result.standardError)")
    return result.standardOutput
}
