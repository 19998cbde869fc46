import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Three servers on PostgreSQL and S3 behind a proxy, with failures of each component.
@Suite(.serialized, .timeLimit(.minutes(10)), .tags(.endToEnd, .needsPostgreSQL))
struct ClusterTests {
    private static let files = 20

    @Test(
        "20 uploads complete exactly once, intact and without leftovers, although servers and stores are killed"
    )
    func dying() async throws {
        try await withEngines { cluster in
            try await cluster.withServers(3) { servers in
                try await withCaddy(servers.map(\.address)) { site in
                    let many = servers[0].at(site)
                    try await withThrowingTaskGroup { group in
                        group.addTask {
                            _ = try await runPython("cluster_load.py", ["\(Self.files)", "\(5 << 20)"], server: many)
                        }
                        try await cluster.trouble(many, servers[2])
                        try await group.waitForAll()
                    }
                }
            }
            try await cluster.expectNothingLeft(files: Self.files)
        }
    }

    @Test("if a server dies while it completes an upload, another server completes it")
    func dyingInComplete() async throws {
        try await withEngines { cluster in
            // Delays the first server between acquiring its lease and its commit.
            let valve = RequestValve("POST /", passes: .max)
            try await FaultInjectionProxy.with(port: cluster.bucket.port, fault: { _ in .holdRequests(valve) }) { way in
                try await withServer(cluster.options(0, bucketPort: way.port)) { first in
                    try await withServer(cluster.options(1)) { second in
                        let upload = try await first.api.initialize("a.bin", size: 3)
                        _ = try await second.api.store(upload, 1, ByteBuffer(string: "abc"))
                        valve.close()
                        async let lost: APIResponse? = try? first.api.complete(upload)
                        try await valve.holding()
                        first.signal(SIGKILL)
                        #expect(await lost == nil)
                        valve.discard()
                        let lease = "SELECT claim_expires_on FROM uploads WHERE id = '\(upload)'"
                        let expiry = try #require(Double(try await cluster.sql(lease)))
                        let responses = try await concurrently(8) { _ in try await second.api.complete(upload) }
                        #expect(responses.allSatisfy { $0.status == 201 })
                        #expect(Set(try responses.map { try $0.text("id") }).count == 1)
                        #expect(Date().timeIntervalSince1970 * 1000 >= expiry, "the lease was not waited for")
                    }
                }
            }
        }
    }

    @Test("each call of an upload may reach another server")
    func anyServer() async throws {
        try await withEngines { cluster in
            try await cluster.withServers(3) { servers in
                let bytes = pseudoRandomBytes(seed: 7, count: 12 << 20)
                let upload = try await servers[0].api.initialize("a.bin", size: bytes.readableBytes)
                var (rest, number) = (bytes, 0)
                while let part = rest.readSlice(length: min(5 << 20, rest.readableBytes)), part.readableBytes > 0 {
                    number += 1
                    let response = try await servers[number % 3].api.put(upload, number, part)
                    let etag = try #require(response.headers.first(name: "ETag"))
                    #expect(try await servers[(number + 1) % 3].api.report(upload, number, .string(etag)).status == 200)
                }
                let file = try await servers[1].api.complete(upload).text("id")
                #expect(try await servers[2].api.complete(upload).text("id") == file)
                #expect(try await servers[0].api.download(file) == bytes)
            }
        }
    }

    @Test("calls get 503 while the database is down and succeed once it is back")
    func databaseAway() async throws {
        try await withEngines { cluster in
            try await cluster.withServers(1) { servers in
                let server = servers[0]
                let upload = try await server.api.initialize("a.bin", size: 3)
                _ = try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
                try await eventually("ready") { try await server.readiness() == nil }
                try await cluster.database.stop()
                // A call whose response is not cached.
                let response = try await server.api.call(.GET, "/projects")
                #expect(response.status == 503 && response.code == 0)
                #expect(response.headers.first(name: "Retry-After") != nil)
                try await eventually("not ready") { try await server.readiness() == "metadata" }
                try await cluster.database.start()
                try await eventually("ready again") { try await server.readiness() == nil }
                #expect(try await server.api.complete(upload).status == 201)
            }
        }
    }

    @Test("calls that need the bucket get 503 while it is down, and stored data is kept")
    func bucketAway() async throws {
        try await withEngines { cluster in
            try await cluster.withServers(1) { servers in
                let server = servers[0]
                let upload = try await server.api.initialize("a.bin", size: 3)
                _ = try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
                try await cluster.bucket.kill()
                try await eventually("not ready") { try await server.readiness() == "objects" }
                let begun = try await server.api.call(
                    .POST,
                    "/upload/multipart",
                    ["project": "admin/uploads", "name": "b.bin", "size": 3]
                )
                let refused = try await server.api.complete(upload)
                for response in [begun, refused] {
                    #expect(response.status == 503 && response.code == 0)
                    #expect(response.headers.first(name: "Retry-After") != nil)
                }
                try await cluster.bucket.start()
                try await eventually("ready again") { try await server.readiness() == nil }
                let file = try await server.api.complete(upload)
                #expect(file.status == 201)
                let id = try file.text("id")
                // SeaweedFS itself returns 500 until it has found the volume again.
                try await eventually("the bytes are there") {
                    (try? await server.api.download(id)) == ByteBuffer(string: "abc")
                }
            }
        }
    }

    /// Runs with separate PostgreSQL and S3 servers, because the test kills them.
    private func withEngines(_ body: @Sendable (Cluster) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let cluster = try await Cluster(folder)
            do {
                try await body(cluster)
            } catch {
                try await cluster.stop()
                throw error
            }
            try await cluster.stop()
        }
    }
}

extension ServerProcess {
    /// Host and port.
    fileprivate var address: String { String(origin.dropFirst("http://".count)) }

    /// The same server, reached at another URL.
    fileprivate func at(_ origin: String) -> ServerProcess {
        ServerProcess(
            pid: pid,
            origin: origin,
            token: token,
            data: data,
            log: log,
            stores: stores,
            greeting: greeting
        )
    }

    /// The reason why it is not ready; `nil` if it is ready.
    fileprivate func readiness() async throws -> String? {
        let response = try await api.send(.GET, origin + "/readyz")
        return response.status == 200 ? nil : try response.text("reason")
    }
}

/// A database and a bucket for one test, and servers that use them.
struct Cluster: Sendable {
    let folder: FilePath
    let database: PostgreSQLServer
    let bucket: SeaweedFSServer
    let stores: TestStores

    init(_ folder: FilePath) async throws {
        self.folder = folder
        database = try await PostgreSQLServer.start()
        bucket = try await SeaweedFSServer.start()
        stores = try await TestStores(.postgreSQLAndS3, database: database, bucket: bucket)
    }

    func stop() async throws {
        try await database.remove()
        try await bucket.remove()
    }

    /// Runs with some servers; each takes over from another after three seconds.
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

    /// Options of a server; `bucketPort` is the port through which it reaches the bucket.
    func options(
        _ index: Int,
        port: Int = 0,
        arguments: [String] = [],
        bucketPort: Int? = nil
    ) -> ServerOptions {
        ServerOptions(
            data: folder.appending("server\(index)"),
            stores: bucketPort.map { stores.reaching(bucketAt: $0, insteadOf: bucket.port) } ?? stores,
            arguments: ["--lease-duration", "3s"] + arguments,
            port: port
        )
    }

    /// While uploads run, kills and restarts first a server, then the database, then the bucket.
    func trouble(_ many: ServerProcess, _ victim: ServerProcess) async throws {
        try await sent(8, many)
        victim.signal(SIGKILL)
        try await sent(16, many)
        let port = try victim.port
        try await withServer(options(9, port: port)) { _ in
            try await sent(24, many)
            try await database.restart()
            try await sent(36, many)
            try await bucket.kill()
            try await bucket.start()
            try await eventually("all files are there", within: .seconds(150)) { try await finished() == 20 }
        }
    }

    /// Waits until so many parts have been reported.
    private func sent(_ parts: Int, _ many: ServerProcess) async throws {
        try await eventually("\(parts) parts are reported", within: .seconds(120)) {
            // A completed upload no longer has part records.
            let text = try await sql(
                """
                SELECT (SELECT COUNT(*) FROM parts) + (SELECT COALESCE(SUM((size - 1) / part_size + 1), 0) FROM uploads
                WHERE state = 'completed')
                """
            )
            return Int(text) ?? 0 >= parts
        }
    }

    private func finished() async throws -> Int { Int(try await sql("SELECT COUNT(*) FROM objects")) ?? 0 }

    /// Checks, once all uploads have expired, that the bucket contains exactly the objects that the records name.
    func expectNothingLeft(files: Int) async throws {
        // A sweep is due once an hour, and no call makes it due earlier.
        try await sql("DELETE FROM leases")
        try await withServer(options(10, arguments: ["--upload-lifetime", "1s"])) { server in
            try await eventually("open uploads expire") {
                try await sql("SELECT COUNT(*) FROM uploads WHERE state <> 'completed'") == "0"
            }
            try await eventually("nothing is discarded") {
                try await sql("SELECT COUNT(*) FROM discarded_objects") == "0"
            }
        }
        // A second round, for multipart uploads that were a moment too young for the first.
        try await sql("DELETE FROM leases")
        try await withServer(options(11, arguments: ["--upload-lifetime", "1s"])) { server in
            let keys = try await sql("SELECT key FROM objects ORDER BY key").split(separator: "\n").map(String.init)
            #expect(keys.count == files)
            try await eventually("the bucket holds what the records name") {
                let text = try await runPython("list_bucket.py", server: server)
                let held = try JSONDecoder().decode([String: [String]].self, from: Data(text.utf8))
                return held == ["objects": keys, "uploads": []]
            }
        }
    }

    /// Runs a statement directly in the database.
    @discardableResult
    func sql(_ statement: String) async throws -> String {
        try await database.run(statement, in: stores.metadata)
    }
}
