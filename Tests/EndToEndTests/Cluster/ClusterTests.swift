import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Servers on PostgreSQL and S3 that share uploads, and failures of one component at a chosen moment.
@Suite(.serialized, .timeLimit(.minutes(10)), .tags(.endToEnd, .needsPostgreSQL))
struct ClusterTests {
    @Test("if a server dies while it completes an upload, another server completes it")
    func dyingInComplete() async throws {
        try await Cluster.with(ownEngines: false) { cluster in
            // Blocks the first server after it has acquired its lease and before it commits.
            let valve = RequestValve("POST /", passes: .max)
            try await FaultInjectionProxy.with(port: cluster.bucket.port, fault: { _ in .holdRequests(valve) }) { way in
                // The lease must not expire before the test has read its expiry time.
                let (mine, others) = (
                    cluster.options(0, bucketPort: way.port, leaseDuration: Cluster.longLeaseDuration),
                    cluster.options(1, leaseDuration: Cluster.longLeaseDuration)
                )
                try await withServer(mine) { first in
                    try await withServer(others) { second in
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
                        #expect(Date().timeIntervalSince1970 * 1000 >= expiry, "completed before the lease expired")
                    }
                }
            }
        }
    }

    @Test("each call of an upload may go to a different server")
    func anyServer() async throws {
        try await Cluster.with(ownEngines: false) { cluster in
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
        try await Cluster.with { cluster in
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
        try await Cluster.with { cluster in
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
                try await eventually("the file can be downloaded") {
                    (try? await server.api.download(id)) == ByteBuffer(string: "abc")
                }
            }
        }
    }
}

extension ServerProcess {
    /// Returns the reason why the server is not ready; `nil` if it is ready.
    fileprivate func readiness() async throws -> String? {
        let response = try await api.send(.GET, origin + "/readyz")
        return response.status == 200 ? nil : try response.text("reason")
    }
}
