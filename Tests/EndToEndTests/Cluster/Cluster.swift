import Foundation
import PontoonTesting
import SystemPackage
import Testing

/// A database and a bucket for one test, and servers that use them.
struct Cluster: Sendable {
    let folder: FilePath
    let database: PostgreSQLServer
    let bucket: SeaweedFSServer
    let stores: TestStores
    private let hasOwnEngines: Bool

    /// Default lease duration of the servers, the shortest that is allowed.
    static let leaseDuration = Duration.seconds(3)
    /// Lease duration for tests in which no lease may expire because a busy machine delays the server or the test.
    static let longLeaseDuration = Duration.seconds(18)

    /// Runs `body` with a database and a bucket.
    ///
    /// - Parameters:
    ///   - ownEngines: Whether to start separate PostgreSQL and S3 servers, which the body may kill, instead of the
    ///     shared ones.
    ///   - body: Receives the cluster.
    /// - Throws: The error of the body, or an error if an engine does not start.
    static func with(ownEngines: Bool = true, _ body: @Sendable (Cluster) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let cluster = try await Cluster(folder, ownEngines: ownEngines)
            do {
                try await body(cluster)
            } catch {
                try await cluster.stop()
                throw error
            }
            try await cluster.stop()
        }
    }

    private init(_ folder: FilePath, ownEngines: Bool) async throws {
        self.folder = folder
        hasOwnEngines = ownEngines
        database = try await ownEngines ? PostgreSQLServer.start() : PostgreSQLServer.running()
        bucket = try await ownEngines ? SeaweedFSServer.start() : SeaweedFSServer.running()
        stores = try await TestStores(.postgreSQLAndS3, database: database, bucket: bucket)
    }

    private func stop() async throws {
        guard hasOwnEngines else { return }
        try await database.remove()
        try await bucket.remove()
    }

    /// Runs `body` with `count` servers.
    func withServers(_ count: Int, _ body: @Sendable ([ServerProcess]) async throws -> Void) async throws {
        try await withServers(count, started: [], body)
    }

    private func withServers(
        _ count: Int,
        started: [ServerProcess],
        _ body: @Sendable ([ServerProcess]) async throws -> Void
    ) async throws {
        guard started.count < count else { return try await body(started) }
        try await withServer(options(started.count, port: try FreePort.reserve())) { server in
            try await withServers(count, started: started + [server], body)
        }
    }

    /// Returns the options of a server.
    ///
    /// `bucketPort` is the port of a proxy through which the server reaches the bucket; `nil` if it connects directly.
    func options(
        _ index: Int,
        port: Int = 0,
        arguments: [String] = [],
        bucketPort: Int? = nil,
        leaseDuration: Duration = Cluster.leaseDuration
    ) -> ServerOptions {
        ServerOptions(
            data: folder.appending("server\(index)"),
            stores: bucketPort.map { stores.reaching(bucketAt: $0, insteadOf: bucket.port) } ?? stores,
            arguments: ["--lease-duration", "\(leaseDuration.components.seconds)s"] + arguments,
            port: port
        )
    }

    /// Checks that every object belongs to a file, and waits until no upload is unfinished and the bucket contains
    /// exactly the recorded objects.
    func expectNothingLeft() async throws {
        let unused = try await sql(
            "SELECT key FROM objects WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.object_key = objects.key)"
        )
        #expect(unused == "", "objects without a file")
        // A sweep runs once an hour. Deleting its lease makes it due now.
        try await sql("DELETE FROM leases WHERE task NOT LIKE 'object/%'")
        // Objects are discarded a second time after an hour, because requests to the bucket may arrive late. This
        // statement makes the second time due now.
        try await sql("UPDATE leases SET expires_on = 0 WHERE task LIKE 'object/%' AND holder = ''")
        // With this lifetime, the sweep removes orphans that are at least one second old.
        try await withServer(options(10, arguments: ["--upload-lifetime", "1s"])) { server in
            try await eventually("no upload is unfinished and no object is discarded") {
                try await sql(
                    """
                    SELECT id FROM uploads WHERE state <> 'completed' UNION SELECT key FROM discarded_objects
                    UNION SELECT task FROM leases WHERE task LIKE 'object/%'
                    """
                ) == ""
            }
            let keys = try await sql("SELECT key FROM objects ORDER BY key").split(separator: "\n").map(String.init)
            try await eventually("the bucket contains exactly the objects of the records") {
                let text = try await runPython("list_bucket.py", server: server)
                let listed = try JSONDecoder().decode([String: [String]].self, from: Data(text.utf8))
                return listed == ["objects": keys, "uploads": []]
            }
        }
    }

    /// Runs a statement directly in the database.
    @discardableResult
    func sql(_ statement: String) async throws -> String {
        try await database.run(statement, in: stores.metadata)
    }
}
