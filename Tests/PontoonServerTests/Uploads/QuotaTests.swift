import Foundation
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

/// Refusals of calls that exceed a quota.
@Suite(.timeLimit(.minutes(10)))
struct QuotaTests {
    private static let project = UsageSubject.project(ProjectID(owner: "admin", shortName: "uploads"))

    /// Changes a quota, as `pontoond quota set` does while a server runs.
    private func limit(
        _ server: TestServer,
        bytes: Int64? = nil,
        files: Int64? = nil,
        of subject: UsageSubject = project
    ) async throws {
        let change = QuotaChange(bytes: bytes.map { .limit($0) }, files: files.map { .limit($0) })
        try await OpenedStores.withMetadata(server.app.settings) { store in
            let quota = try await store.setQuota(change, of: subject)
            #expect(quota != nil)
        }
    }

    private func usage(_ server: TestServer) async throws -> Usage? {
        try await server.app.stores.metadata.usage(of: Self.project)?.usage
    }

    /// Tries to start an upload in the admin's project, and returns the response, even if it is a refusal.
    private func start(_ client: APIClient, _ name: String, size: Int64) async throws -> APIResponse {
        try await client.call(
            .POST,
            "/upload/multipart",
            ["project": "admin/uploads", "name": .string(name), "size": .integer(size)]
        )
    }

    @Test("the default quotas of the settings limit every project and user")
    func defaults() async throws {
        try await withTestServer(arguments: ["--project-quota", "100", "--user-quota", "150"]) { server in
            let refused = try await start(server.api, "a", size: 101)
            server.expectRefusal(refused, 409, 90007)
            let message = try refused.text("message")
            #expect(message.contains("The project 'admin/uploads' has a quota of 100 bytes"), "\(message)")
            #expect(message.contains("101 more do not fit"), "\(message)")
            #expect(try await start(server.api, "a", size: 100).status == 200)
            let second = try await server.api.call(.POST, "/projects", ["name": "second"]).text("id")
            let body: JSONValue = ["project": .string(second), "name": "b", "size": 51]
            let ofUser = try await server.api.call(.POST, "/upload/multipart", body)
            server.expectRefusal(ofUser, 409, 90007)
            #expect(try ofUser.text("message").contains("The user 'admin', who owns the project, has a quota of 150"))
            #expect(try server.unfinishedObjects().count == 1, "a refused upload leaves nothing on the disk")
        }
    }

    @Test("members are refused if the project or its owner has no space, and the owner is charged for their uploads")
    func members() async throws {
        try await withTestServer { server in
            let ada = try await server.addUser("ada")
            try await server.addMember("ada", of: "admin/uploads", rights: ["write"])
            try await limit(server, bytes: 10, of: .user("admin"))
            try await limit(server, bytes: 0, of: .user("ada"))
            #expect(try await start(ada, "a", size: 10).status == 200)
            server.expectRefusal(try await start(ada, "b", size: 1), 409, 90007)
            server.expectRefusal(try await start(server.api, "b", size: 1), 409, 90007)
        }
    }

    @Test("copies are refused when they do not fit")
    func copies() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let file = try await server.api.upload("a", ByteBuffer(string: "abcdef"))
            try await limit(server, bytes: 12)
            let copy: JSONValue = ["project": "admin/uploads", "name": "b"]
            #expect(try await server.api.call(.POST, "/files/\(file)/actions/copy", copy).status == 200)
            let again: JSONValue = ["project": "admin/uploads", "name": "c"]
            server.expectRefusal(try await server.api.call(.POST, "/files/\(file)/actions/copy", again), 409, 90007)
            #expect(try await usage(server) == Usage(storedBytes: 12, files: 2))
            #expect(try await server.api.call(.DELETE, "/files/\(file)").status == 204)
            #expect(try await server.api.call(.GET, "/projects/admin/uploads").status == 200)
        }
    }

    @Test("the refusal of a sender does not show the owner's usage")
    func senders() async throws {
        try await withTestServer { server in
            let sender = try await server.api.sender(of: try await server.api.createLink())
            try await limit(server, bytes: 7)
            let refused = try await sender.initializeAsSender("a", size: 8)
            server.expectRefusal(refused, 409, 90007)
            let message = try refused.text("message")
            #expect(!message.contains("admin") && !message.contains("7"), "\(message)")
            #expect(try await sender.initializeAsSender("a", size: 7).status == 200)
        }
    }

    @Test("an upload whose reservation has lapsed continues if its size still fits, and is refused otherwise")
    func lapsedReservation() async throws {
        let clock = TestClock()
        let arguments = smallParts + ["--reservation-lifetime", "1h", "--project-quota", "3000"]
        try await withTestServer(.live, arguments: arguments, clock: clock) { server in
            let bytes = pseudoRandomBytes(seed: 1, count: 1000)
            let upload = try await server.api.initialize("slow", size: 3000, partSize: 1000)
            try await server.api.store(upload, 1, bytes)
            #expect(await server.runMaintenance().errors.isEmpty)
            #expect(try await usage(server) == Usage(reservedBytes: 3000, openUploads: 1))
            clock.advance(by: .seconds(61 * 60))
            #expect(await server.runMaintenance().errors.isEmpty)
            #expect(try await usage(server) == Usage(reservedBytes: 1000, openUploads: 1))

            // Another upload takes the space.
            let other = try await server.api.initialize("fast", size: 2000, partSize: 1000)
            let refused = try await server.api.put(upload, 2, bytes)
            server.expectRefusal(refused, 409, 90007)
            #expect(try refused.text("message").contains("2000 more do not fit"))
            // The details of the upload can still be queried. Aborting the other upload frees the space.
            #expect(try await server.api.call(.GET, "/upload/multipart/\(upload)").status == 200)
            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(other)").status == 204)

            for number in 2...3 { try await server.api.store(upload, number, bytes) }
            #expect(try await usage(server) == Usage(reservedBytes: 3000, openUploads: 1))
            #expect(try await server.api.complete(upload).status == 201)
            #expect(try await usage(server) == Usage(storedBytes: 3000, files: 1))
        }
    }

    @Test("an upload of unknown size is refused at the part that does not fit, before the part's bytes are stored")
    func unknownSize() async throws {
        try await withTestServer(.live, arguments: smallParts + ["--project-quota", "2500"]) { server in
            let bytes = pseudoRandomBytes(seed: 1, count: 1000)
            let upload = try await server.api.initialize("stream", size: nil, partSize: 1000)
            for number in 1...2 { try await server.api.store(upload, number, bytes) }
            for _ in 1...3 { server.expectRefusal(try await server.api.put(upload, 3, bytes), 409, 90007) }
            #expect(try await usage(server) == Usage(reservedBytes: 2000, openUploads: 1))
            try await server.api.store(upload, 3, bytes.getSlice(at: 0, length: 500) ?? ByteBuffer())
            let file = try await server.api.complete(upload).text("id")
            #expect(try await server.api.download(file).readableBytes == 2500)
            #expect(try await usage(server) == Usage(storedBytes: 2500, files: 1))
        }
    }
}
