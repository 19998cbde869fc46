import Foundation
import Subprocess
import Synchronization
import SystemPackage

/// A PostgreSQL server in a separate process, which exits with the test process.
package final class PostgreSQLServer: Sendable {
    /// Address on which the server listens.
    package let host = "127.0.0.1"
    /// Port on which the server listens; a restart does not change it.
    package let port: Int
    /// Path of the self-signed certificate of an encrypted server, issued for ``host``.
    package let certificate: String

    private let process: EngineProcess
    private let names = Mutex(0)

    private static let shared = SharedEngine { try await start() }

    /// Returns the server that all tests of this process share and must not stop; starts it on the first call.
    package static func running() async throws -> PostgreSQLServer { try await shared.running() }

    /// Starts a server that no other test uses.
    ///
    /// The caller may stop it, and must call ``remove()``.
    ///
    /// - Parameters:
    ///   - isDurable: Whether commits wait for a disk sync, for measurements.
    ///   - isEncrypted: Whether the server accepts TLS connections.
    /// - Returns: The running server.
    /// - Throws: ``ContractViolation`` or ``AddressInUse`` if the server does not start.
    package static func start(isDurable: Bool = false, isEncrypted: Bool = false) async throws -> PostgreSQLServer {
        try await FreePort.retrying {
            let server = PostgreSQLServer(try FreePort.reserve(), isDurable: isDurable, isEncrypted: isEncrypted)
            try await server.process.run()
            return server
        }
    }

    private init(_ port: Int, isDurable: Bool, isEncrypted: Bool) {
        self.port = port
        let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-postgresql-\(UUID().uuidString)")
        certificate = folder.appending(path: "server.crt").path
        let settings = ["fsync=\(isDurable ? "on" : "off")", "ssl=\(isEncrypted ? "on" : "off")"]
        process = EngineProcess("postgresql", [folder.path, "\(port)"] + settings)
    }

    /// Stops the server as a crash would, keeping the committed data.
    package func stop() async throws { try await process.send("stop", expecting: "stopped") }

    /// Starts the server again after ``stop()``.
    package func start() async throws { try await process.start() }

    /// Stops the server as a crash would, and starts it again.
    package func restart() async throws {
        try await stop()
        try await start()
    }

    /// Stops the server permanently and removes its data.
    package func remove() async throws { try await process.close() }

    /// Creates an empty database.
    ///
    /// - Parameter options: Options for `CREATE DATABASE`, such as `ENCODING 'LATIN1'`.
    /// - Returns: The database's URL, for a superuser.
    /// - Throws: ``ContractViolation`` with PostgreSQL's message.
    package func newDatabase(_ options: String = "") async throws -> String {
        let name = nextName("test")
        try await run("CREATE DATABASE \(name) \(options)")
        return url(of: name)
    }

    /// Creates an empty database, owned by a new role that must sign in with the password.
    ///
    /// - Returns: The database's URL, with the name and password of the role.
    /// - Throws: ``ContractViolation`` with PostgreSQL's message.
    package func databaseWithPassword(_ password: String) async throws -> String {
        let name = nextName("guarded")
        try await run("CREATE ROLE \(name) LOGIN PASSWORD '\(password.replacing("'", with: "''"))' IN ROLE guarded")
        try await run("CREATE DATABASE \(name) OWNER \(name)")
        let allowed = CharacterSet.alphanumerics
        let encoded = password.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
        return "postgres://\(name):\(encoded)@\(host):\(port)/\(name)"
    }

    /// Closes the connections to a database and drops it, if it exists.
    ///
    /// - Throws: ``ContractViolation`` with PostgreSQL's message.
    package func dropDatabase(_ url: String) async throws {
        guard let name = url.split(separator: "/").last else { return }
        try await run("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }

    /// Runs one statement as a superuser.
    ///
    /// - Parameters:
    ///   - sql: The statement.
    ///   - database: URL of the database; `nil` for `postgres`.
    /// - Returns: The rows, one per line, with columns separated by `|`.
    /// - Throws: ``ContractViolation`` with PostgreSQL's message.
    @discardableResult
    package func run(_ sql: String, in database: String? = nil) async throws -> String {
        let result = try await Subprocess.run(
            .name("psql"),
            arguments: ["-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database ?? url(of: "postgres"), "-c", sql],
            input: .none,
            output: .string(limit: 16 << 20),
            error: .string(limit: 1 << 20)
        )
        guard result.terminationStatus.isSuccess else { throw ContractViolation("\(sql): \(result.standardError)") }
        return result.standardOutput.trimmingCharacters(in: .newlines)
    }

    private func url(of database: String) -> String { "postgres://app@\(host):\(port)/\(database)" }

    private func nextName(_ kind: String) -> String {
        let number = names.withLock { number in
            number += 1
            return number
        }
        return "\(kind)_\(number)"
    }
}
