import Foundation
import Glibc
import NIOHTTP1
import PontoonTesting
import Subprocess
import Synchronization
import Testing

/// A server that a test can kill and start again at the same address.
final class RestartableServer: Sendable {
    /// Host and port.
    let address: String
    /// A client that calls the API as admin.
    let api: APIClient

    private enum Command { case start, stop }

    private let options: ServerOptions
    private let pid = Mutex<pid_t?>(nil)
    private let (commands, sender) = AsyncStream.makeStream(of: Command.self)

    /// - Parameter options: Must contain the port and the admin's token.
    init(_ options: ServerOptions) {
        self.options = options
        address = "127.0.0.1:\(options.port)"
        api = APIClient(origin: "http://\(address)", token: options.stores.token, http: impatientHTTP)
    }

    /// Runs the server, again after each ``start()``, until ``stop()`` is called.
    ///
    /// - Throws: An error if the server does not start, or if it exits unexpectedly.
    func run() async throws {
        var isStopped = false
        while !isStopped {
            let (command, status) = try await withServer(options) { server in
                pid.withLock { $0 = server.pid }
                defer { pid.withLock { $0 = nil } }
                return await commands.first { _ in true }
            }
            isStopped = command != .start
            // A failed test kills its processes, so their status means nothing.
            try Task.checkCancellation()
            #expect(status == (isStopped ? .exited(0) : .signaled(SIGKILL)), "server \(address)")
        }
    }

    /// Sends a signal to the process if it is running.
    func signal(_ number: CInt) { pid.withLock { pid in if let pid { kill(pid, number) } } }

    /// Starts the server again after it was killed.
    func start() { sender.yield(.start) }

    /// Stops the server, after which ``run()`` returns.
    func stop() { sender.yield(.stop) }

    /// Waits up to ten minutes until the server is ready.
    func ready() async throws {
        try await eventually("\(address) is ready", within: .seconds(600)) {
            (try? await api.send(.GET, api.origin + "/readyz").status) == 200
        }
    }
}

extension Cluster {
    /// Runs `body` with servers that the body can kill and start again, and checks that they exit with 0 afterwards.
    func withRestartableServers<Value: Sendable>(
        _ count: Int,
        _ body: ([RestartableServer]) async throws -> Value
    ) async throws -> Value {
        let servers = try (0..<count).map { RestartableServer(options($0, port: try FreePort.reserve())) }
        return try await withThrowingTaskGroup { group in
            for server in servers { group.addTask { try await server.run() } }
            defer { for server in servers { server.stop() } }
            for server in servers { try await server.ready() }
            let value = try await body(servers)
            for server in servers { server.stop() }
            try await group.waitForAll()
            return value
        }
    }
}
