import Foundation

/// A PgBouncer in a separate process, which exits with the test process.
package final class PgBouncer: Sendable {
    /// Whether PgBouncer assigns a PostgreSQL connection to a client for its session, or for one transaction at a time.
    package enum Mode: String, Sendable { case session, transaction }

    private let port: Int
    private let server: PostgreSQLServer
    private let process: EngineProcess

    /// Starts a pooler, which the caller must ``remove()``.
    ///
    /// - Throws: ``ContractViolation`` or ``AddressInUse`` if the pooler does not start.
    package static func start(_ mode: Mode, of server: PostgreSQLServer) async throws -> PgBouncer {
        try await FreePort.retrying {
            let pooler = PgBouncer(try FreePort.reserve(), mode, server)
            try await pooler.process.run()
            return pooler
        }
    }

    private init(_ port: Int, _ mode: Mode, _ server: PostgreSQLServer) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-pgbouncer-\(UUID().uuidString)")
        self.port = port
        self.server = server
        process = EngineProcess("pgbouncer", [folder.path, "\(port)", "\(server.port)", mode.rawValue])
    }

    /// Returns the URL at which the pooler provides a database; `database` is the database's URL at the server.
    package func url(of database: String) -> String {
        database.replacing("\(server.host):\(server.port)", with: "127.0.0.1:\(port)")
    }

    /// Stops the pooler.
    package func remove() async throws { try await process.close() }
}
