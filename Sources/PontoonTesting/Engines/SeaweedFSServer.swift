import Foundation
package import PontoonCore
import SystemPackage

/// An S3 server with one bucket in a separate process, which exits with the test process.
package final class SeaweedFSServer: Sendable {
    /// Scheme, host and port of the S3 API.
    package let endpoint: String
    /// Port of ``endpoint``.
    package let port: Int
    /// A port on which the server supports HTTP, but not S3.
    package let masterPort: Int
    /// Name of the bucket.
    package let bucket = "uploads"
    /// The only valid access key.
    package let accessKeyID = "AKPONTOONTESTS"
    /// The secret of the access key, with characters that need percent-encoding.
    package let secretAccessKey = Secret("sk/with+signs=")

    private let process: EngineProcess

    private static let shared = SharedEngine { try await start() }

    /// Returns the server that all tests of this process share and must not stop; starts it on the first call.
    package static func running() async throws -> SeaweedFSServer { try await shared.running() }

    /// Starts a server that no other test uses.
    ///
    /// The caller may kill it, and must call ``remove()``.
    ///
    /// - Returns: The running server.
    /// - Throws: ``ContractViolation`` or ``AddressInUse`` if the server does not start.
    package static func start() async throws -> SeaweedFSServer {
        try await FreePort.retrying {
            // For each port, SeaweedFS also listens on the port 10,000 above it.
            let server = SeaweedFSServer(try (0..<5).map { _ in try FreePort.reserve(companion: 10_000) })
            try await server.process.run()
            return server
        }
    }

    private init(_ ports: [Int]) {
        (port, masterPort) = (ports[0], ports[1])
        endpoint = "http://127.0.0.1:\(ports[0])"
        let folder = FileManager.default.temporaryDirectory.appending(path: "pontoon-seaweedfs-\(UUID().uuidString)")
        process = EngineProcess(
            "seaweedfs",
            [TestTools.weed.string, folder.path, accessKeyID, secretAccessKey.value, bucket] + ports.map(String.init)
        )
    }

    /// Kills the server, keeping its data.
    package func kill() async throws { try await process.send("kill", expecting: "killed") }

    /// Starts the server again after ``kill()``.
    package func start() async throws { try await process.start() }

    /// Stops the server permanently and removes its data.
    package func remove() async throws { try await process.close() }
}
