import Foundation
import Hummingbird
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonApp
@testable import PontoonServer

/// Lines of the audit log for calls, refusals, failed authentications and expired uploads.
@Suite(.timeLimit(.minutes(10)))
struct AuditedCallTests {
    /// All recorded calls: methods and route patterns.
    private static let recorded = Set(
        AuditedCalls.actions.flatMap { route, calls in calls.map { "\($0.method.rawValue) \(route)" } }
    )

    @Test("every changing call has an action, or is omitted for a reason, and the table names only served calls")
    func table() async throws {
        let omitted = Set(
            AuditedCalls.omitted.flatMap { route, calls in calls.map { "\($0.method.rawValue) \(route)" } }
        )
        let served = try await withTestServer { server in
            let routes = Routes(
                router: Router(context: AppContext.self),
                useCases: server.app.useCases,
                settings: ServerSettings()
            )
            routes.addCalls(server.app.useCases, budget: ReceiveBufferBudget(), metrics: ServerMetrics())
            return Set(routes.methods.flatMap { path, methods in methods.map { "\($0.rawValue) \(path)" } })
        }
        let changing = served.filter { !$0.hasPrefix("GET ") && !$0.hasPrefix("HEAD ") }
        #expect(changing.count >= 40)
        #expect(changing.subtracting(Self.recorded).subtracting(omitted) == [])
        #expect(Self.recorded.intersection(omitted) == [])
        #expect(Self.recorded.union(omitted).subtracting(served) == [])
    }

    @Test("each call of the table writes a line with the user, the object and the result")
    func lines() async throws {
        try await withAuditedServer { server in
            _ = try await server.addUser("member")
            var scenario = AuditScenario(server.api)
            let file = try await scenario.run(member: "member")
            let bytes = try await server.api.download(file)
            #expect(bytes.readableBytes == 3)
            let folder = try await server.api.makeFolder("downloaded")
            let archive = try await server.api.call(.GET, "/files/\(folder)/archive_info").text("url")
            let size = try await server.api.send(.GET, archive).body.readableBytes
            let object = "/ga4gh/drs/v1/objects/\(file)/access/https"
            let headers: HTTPHeaders = ["Authorization": "Bearer \(server.token)"]
            #expect(try await server.api.send(.GET, server.origin + object, headers: headers).status == 200)
            let link = try await server.api.createLink()
            let signedIn = try await server.api.signIn(link.secret, ["sender": "Bob"])
            #expect(signedIn.status == 201)
            var steps = scenario.steps
            steps += [
                .init(call: "GET /v2/files/{file_id}/download_info", action: "download.authorize", fields: [:]),
                .init(
                    call: "GET /storage/files/{file_id}",
                    action: "download",
                    fields: ["object": .string(file), "bytes": 3, "user": .null]
                ),
                .init(call: "POST /v2/files", action: "folder.create", fields: ["object": .string(folder)]),
                .init(
                    call: "GET /v2/files/{file_id}/archive_info",
                    action: "download.authorize",
                    fields: ["object": .string(folder), "name": "downloaded"]
                ),
                .init(
                    call: "GET /storage/archives/{username}/{file_id}/{version}/{format}",
                    action: "download",
                    fields: ["object": .string(folder), "bytes": .integer(Int64(size)), "user": .null]
                ),
                .init(
                    call: "GET /ga4gh/drs/v1/objects/{file_id}/access/{access_id}",
                    action: "download.authorize",
                    fields: ["object": .string(file)]
                ),
                .init(call: "POST /v2/upload_links", action: "upload_link.create", fields: [:]),
                .init(
                    call: "POST /v2/upload_links/session",
                    action: "sender.sign_in",
                    fields: ["object": .string(link.id), "name": "Bob", "user": .null]
                ),
            ]
            #expect(Set(steps.map(\.call)) == Self.recorded)
            let lines = try await server.auditLines()
            try #require(lines.count == steps.count, "\(lines.map { $0.string("action") ?? "?" })")
            for (line, step) in zip(lines, steps) {
                #expect(line.string("action") == step.action, "\(step.call)")
                #expect(line.string("result") == step.result, "\(step.call)")
                #expect(line.string("address") == "127.0.0.1" && line.string("request")?.count == 36, "\(step.call)")
                let fields: [String: JSONValue] = ["user": "admin"].merging(step.fields) { $1 }
                #expect((line.string("token")?.count == 12) == (fields["user"] == "admin"), "\(step.call)")
                for (name, value) in fields { #expect(line.field(name) == value, "\(step.call): \(name)") }
            }
        }
    }

    @Test("refused calls are recorded with the reason, and each file of a bulk call separately")
    func refusals() async throws {
        try await withAuditedServer { server in
            let other = try await server.addUser("other")
            let file = try await server.api.uploadSmall("a")
            _ = try await other.call(.DELETE, "/files/\(file)")
            _ = try await server.api.call(.DELETE, "/projects/admin/none")
            let absent = "0123456789abcdef01234567"
            let bulk: JSONValue = ["file_ids": [.string(file), .string(absent)]]
            #expect(try await server.api.call(.POST, "/bulk/files/delete", bulk).status == 200)
            let lines = try await server.auditLines().dropFirst(2).map { line in
                ["action", "result", "status", "error", "user", "object"].map { line.field($0) }
            }
            #expect(
                lines == [
                    ["file.delete", "refused", 404, "fileNotFound", "other", .string(file)],
                    ["project.delete", "refused", 404, "projectNotFound", "admin", "admin/none"],
                    ["file.delete", "success", 200, .null, "admin", .string(file)],
                    ["file.delete", "refused", 404, "fileNotFound", "admin", .string(absent)],
                ]
            )
        }
    }

    @Test("deleting a project adds a line for each token that is revoked because it was limited to this project")
    func tokensOfDeletedProject() async throws {
        try await withAuditedServer { server in
            let project = try await server.api.createProject("Limited")
            let token = try await server.api.call(.POST, "/tokens", ["projects": [.string(project)]]).text("id")
            let both: JSONValue = ["projects": [.string(project), "admin/uploads"]]
            #expect(try await server.api.call(.POST, "/tokens", both).status == 201)
            #expect(try await server.api.call(.DELETE, "/projects/\(project)").status == 204)
            let lines = try await server.auditLines().dropFirst(3).map { line in
                ["action", "result", "status", "user", "object", "target"].map { line.field($0) }
            }
            #expect(
                lines == [
                    ["project.delete", "success", 204, "admin", .string(project), .null],
                    ["token.revoke", "success", 204, "admin", .string(token), "admin"],
                ]
            )
        }
    }

    @Test("requests without a valid token, signature or link are recorded, at most ten per second")
    func failedAuthentications() async throws {
        try await withAuditedServer { server in
            let link = try await server.api.createLink(["password": "correct horse battery"])
            _ = try await server.api.signIn(link.secret, ["password": "wrong password"])
            let unknown = server.client(token: "0123456789abcdef0123456789abcdef")
            let unsigned = server.origin + "/storage/files/0123456789abcdef01234567"
            for _ in 0..<100 {
                _ = try await unknown.call(.DELETE, "/files/0123456789abcdef01234567")
                _ = try await server.api.send(.GET, unsigned)
            }
            let lines = try await server.auditLines().dropFirst()
            #expect(lines.first?.string("action") == "sender.sign_in")
            #expect(lines.first?.string("error") == "uploadLinkForbidden")
            let failures = lines.dropFirst()
            #expect(Set(failures.map { $0.string("action") }) == ["authentication.fail", "download"])
            for line in failures where line.string("action") == "authentication.fail" {
                #expect(line.field("object") == .null && line.string("error") == "notAuthenticated")
            }
            let suppressed = failures.compactMap { $0.field("suppressed").integer }.reduce(0, +)
            #expect(failures.count >= 9 && failures.count + Int(suppressed) <= 200)
        }
    }

    @Test("a sender's actions name the link and the session")
    func senders() async throws {
        try await withAuditedServer { server in
            let link = try await server.api.createLink()
            let sender = try await server.api.sender(of: link)
            try await sender.sendFile("from-bob")
            let lines = try await server.auditLines().dropFirst(2)
            #expect(lines.map { $0.string("action") } == ["upload.initialize", "upload.complete"])
            for line in lines {
                #expect(line.string("user") == "admin" && line.string("link") == link.id)
                #expect(line.string("session")?.count == 24)
            }
        }
    }

    @Test("behind a trusted proxy, lines contain the address from which the proxy received the request")
    func forwarded() async throws {
        for (trusts, expected) in [("true", "192.0.2.7"), ("false", "127.0.0.1")] {
            try await withAuditedServer(arguments: ["--trust-forwarded-proto", trusts]) { server in
                _ = try await server.api.call(
                    .DELETE,
                    "/files/0123456789abcdef01234567",
                    headers: ["X-Forwarded-For": "203.0.113.1, 192.0.2.7"]
                )
                #expect(try await server.auditLines().map { $0.string("address") } == [expected])
            }
        }
    }

    @Test("no line contains a token, a signature, a password or a link's secret, wherever a client puts them")
    func secrets() async throws {
        try await withAuditedServer { server in
            let password = "correct horse battery"
            let link = try await server.api.createLink(["password": .string(password)])
            let sender = try await server.api.sender(of: link, password: password)
            try await sender.sendFile("a")
            let file = try await server.api.uploadSmall("b")
            let url = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
            _ = try await server.api.send(.GET, url)
            _ = try await server.api.send(.GET, url + "0")
            let wrong = "0123456789abcdef0123456789abcdef"
            for secret in [server.token, link.secret, wrong] {
                _ = try await server.client(token: wrong).call(.DELETE, "/files/\(secret)")
                _ = try await server.api.call(.DELETE, "/files/\(secret)?token=\(secret)")
                _ = try await server.api.call(.POST, "/upload/multipart/\(secret)/complete")
                _ = try await server.api.call(.POST, "/bulk/files/delete", ["file_ids": [.string(secret)]])
                _ = try await server.api.call(.DELETE, "/upload_links/\(secret)")
                _ = try await server.api.signIn(secret, ["password": .string(password)])
            }
            let signature = try #require(
                URLComponents(string: url)?.queryItems?.first { $0.name == "signature" }?.value
            )
            guard case .file(let path) = server.app.settings.auditLog else { return }
            let count = try await server.auditLines().count
            #expect(count > 20)
            let text = try String(contentsOfFile: path.string, encoding: .utf8)
            let senderToken = try #require(sender.token)
            for secret in [server.token, senderToken, link.secret, password, signature, wrong, "signature="] {
                #expect(!text.contains(secret), "\(secret)")
            }
        }
    }

    @Test("expired uploads are recorded")
    func expiry() async throws {
        try await withAuditedServer(arguments: ["--upload-lifetime", "30m"]) { server in
            let upload = try await server.api.initialize("idle", size: 1)
            let log = try #require(server.app.audit)
            _ = await server.runMaintenance()
            server.clock.advance(by: .seconds(3600))
            let service = MaintenanceService(
                maintenance: server.app.maintenance,
                isReadOnly: false,
                shortestLifetime: .seconds(1),
                audit: log,
                logger: server.app.logger
            )
            await service.runMaintenance()
            let line = try await server.auditLines().last
            #expect(line?.string("action") == "upload.expire" && line?.string("object") == upload)
        }
    }
}

/// Runs `body` with a server that writes an audit log.
private func withAuditedServer(
    arguments: [String] = [],
    _ body: @Sendable (TestServer) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        let log = folder.appending("audit.log").string
        try await withTestServer(
            on: folder.appending("data"),
            .live,
            arguments: ["--audit-log", log] + arguments,
            body
        )
    }
}

extension JSONValue {
    /// Returns a field of an object; `null` if there is none.
    fileprivate func field(_ name: String) -> JSONValue {
        guard case .object(let fields) = self else { return .null }
        return fields[name] ?? .null
    }
}
