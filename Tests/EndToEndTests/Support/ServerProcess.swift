import Foundation
import Glibc
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Start options of a server.
struct ServerOptions {
    /// The server's data directory.
    ///
    /// If the directory is empty or missing, the server starts for the first time.
    var data: FilePath
    /// The stores that the server uses.
    var stores = TestStores.embedded
    /// Flags after `serve --data … --listen …`.
    var arguments: [String] = []
    /// Variables in addition to those of this process.
    var environment: [String: String] = [:]
    /// Port to listen on; 0 selects any free port.
    var port = 0
    /// Command that runs the server, such as `strace -f`; empty to run it directly.
    var wrapper: [String] = []
    /// File to which the server's standard error is appended; `nil` for the path of the data directory followed by
    /// `.log`.
    var log: FilePath?
}

/// A running server: the built binary in a separate process.
struct ServerProcess: ServerUnderTest {
    /// Process id of the server, or of its wrapper.
    let pid: pid_t
    /// Scheme, host and port.
    let origin: String
    /// The admin's token; empty if the server has not created an admin.
    let token: String
    /// The server's data directory.
    let data: FilePath
    /// Path of the file with the server's standard error.
    let log: FilePath
    /// The stores that the server uses.
    let stores: TestStores
    /// Lines that the server printed before it was ready.
    let greeting: [String]

    /// A client that calls the API as admin.
    var api: APIClient { APIClient(origin: origin, token: token) }

    /// Whether SIGTERM has been sent.
    ///
    /// A second SIGTERM would stop the server immediately, with a failure.
    private let isAskedToStop = Switch()

    /// Sends a signal to the process.
    func signal(_ number: CInt) {
        if number == SIGTERM { isAskedToStop.turnOn() }
        kill(pid, number)
    }

    /// Sends SIGTERM, unless it has already been sent.
    fileprivate func stop() { if !isAskedToStop.isOn { signal(SIGTERM) } }

    /// Returns the peak resident memory of the process in bytes.
    func peakMemory() throws -> Int { try ProcessFacts(pid).peakMemory }
}

/// The kernel's information about a process that has not exited.
struct ProcessFacts {
    /// Peak resident memory in bytes.
    let peakMemory: Int
    /// The program and its arguments, separated by null characters.
    let arguments: String

    init(_ pid: pid_t) throws {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        peakMemory = try #require(line.split(separator: " ").compactMap { Int($0) }.first) * 1024
        arguments = try String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
    }
}

/// Runs `body` with a server, and stops the server afterwards unless it has already exited.
///
/// - Returns: The result of the body, and the exit status of the process.
/// - Throws: The error of the body, or an error if the server does not start.
@discardableResult
func withServer<Value: Sendable>(
    _ options: ServerOptions,
    _ body: @Sendable (ServerProcess) async throws -> Value
) async throws -> (value: Value, status: TerminationStatus) {
    let log = options.log ?? FilePath(options.data.string + ".log")
    let logFile = try FileDescriptor.open(log, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
    let command =
        options.wrapper + [Places.pontoond.string, "serve", "--data", options.data.string]
        + ["--listen", "127.0.0.1:\(options.port)"] + options.arguments
    let environment = options.stores.environment.merging(options.environment) { $1 }.map {
        (Environment.Key(stringLiteral: $0.key), $0.value as String?)
    }
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
        var greeting: [String] = []
        for try await line in execution.standardOutput.strings() {
            greeting.append(line)
            if line.hasPrefix("Listening on ") {
                endpoint = line.dropFirst("Listening on ".count).trimmingCharacters(in: .whitespacesAndNewlines)
            }
            // This is the last line that the server prints at start.
            if line.hasPrefix(options.stores.usesFolder ? "Credentials are in " : "Listening on ") { break }
        }
        do {
            let endpoint = try #require(
                endpoint,
                "the server did not start: \((try? String(contentsOfFile: log.string, encoding: .utf8)) ?? "")"
            )
            let token = try options.stores.usesFolder ? savedToken(in: options.data) : options.stores.token ?? ""
            let server = ServerProcess(
                pid: pid,
                origin: String(endpoint.dropLast("/v2".count)),
                token: token,
                data: options.data,
                log: log,
                stores: options.stores,
                greeting: greeting
            )
            let value = try await body(server)
            server.stop()
            return value
        } catch {
            kill(pid, SIGTERM)
            throw error
        }
    }
    return (result.closureResult, result.terminationStatus)
}

/// Reads the token from the credentials file that the server wrote.
private func savedToken(in folder: FilePath) throws -> String {
    let credentials = try String(contentsOfFile: folder.appending("credentials").string, encoding: .utf8)
    let line = try #require(credentials.split(separator: "\n").first { $0.hasPrefix("auth_token = ") })
    return String(line.dropFirst("auth_token = ".count))
}

/// Runs `body` with a server that has a new data directory.
@discardableResult
func withServer<Value: Sendable>(
    arguments: [String] = [],
    _ body: @Sendable (ServerProcess) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        try await withServer(ServerOptions(data: folder.appending("data"), arguments: arguments), body).value
    }
}

/// Runs `body` with a server, and checks afterwards that a file can still be uploaded and downloaded.
func withEnduringServer<Value: Sendable>(
    arguments: [String] = [],
    _ body: @Sendable (ServerProcess) async throws -> Value
) async throws {
    try await withServer(arguments: arguments) { server in
        _ = try await body(server)
        try await server.expectStillServing()
    }
}

/// Runs a script of Tests/Compatibility/tools with a server's URL, token and object store in its environment.
///
/// - Returns: The script's standard output.
/// - Throws: An error with the output if the script fails.
@discardableResult
func runPython(_ script: String, _ arguments: [String] = [], server: ServerProcess) async throws -> String {
    let environment = server.stores.environment.merging([
        "SB_API_ENDPOINT": server.endpoint, "SB_AUTH_TOKEN": server.token,
        "TEST_OBJECTS": server.stores.objects ?? server.data.appending("objects").string,
        "PYTHONPATH": Places.root.appending("Tests/Compatibility").string, "PYTHONDONTWRITEBYTECODE": "1",
    ]) { $1 }.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
    let result = try await run(
        .path(Places.python),
        arguments: Arguments([Places.script(script).string] + arguments),
        environment: .inherit.updating(Dictionary(uniqueKeysWithValues: environment)),
        output: .string(limit: 4 << 20),
        error: .string(limit: 4 << 20)
    )
    try #require(result.terminationStatus.isSuccess, "\(script): \(result.standardOutput)\n\(result.standardError)")
    return result.standardOutput
}
