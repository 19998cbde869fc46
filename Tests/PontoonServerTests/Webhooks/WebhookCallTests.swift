import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@Suite("/v2/webhooks", .timeLimit(.minutes(10)))
struct WebhookCallTests {
    private static let url: JSONValue = "https://receiver.example/hook?key=1"

    @Test("the secret is in the responses that create it, and nowhere else")
    func secrets() async throws {
        try await withTestServer { server in
            let created = try await server.api.call(.POST, "/webhooks", ["project": "admin/uploads", "url": Self.url])
            #expect(created.status == 201 && created.headers["Cache-Control"] == ["no-store"])
            let (id, secret) = (try created.text("id"), try created.text("secret"))
            try WebhookSecrets.check(Secret(secret))
            #expect(created["state"] == "active" && created["types"] == [] && created["url"] == Self.url)
            #expect(created["created_by"] == "admin" && created["delivered"] == 0 && created["dead"] == 0)
            let given = "whsec_" + Data(repeating: 1, count: 32).base64EncodedString()
            let rotated = try await server.api.call(
                .POST,
                "/webhooks/\(id)/actions/rotate-secret",
                ["secret": .string(given)]
            )
            #expect(rotated.status == 200 && rotated["secret"] == .string(given))
            for (method, path, body) in [
                (.GET, "", nil), (.GET, "/\(id)", nil), (.GET, "/\(id)/deliveries", nil),
                (.PATCH, "/\(id)", ["types": ["file.created"]]), (.POST, "/\(id)/actions/disable", nil),
                (.POST, "/\(id)/actions/enable", nil),
            ] as [(HTTPMethod, String, JSONValue?)] {
                let target = "/webhooks\(path)" + (path.isEmpty ? "?project=admin/uploads" : "")
                let response = try await server.api.call(method, target, body)
                #expect(response.status == 200, "\(path) \(response.bodyText)")
                #expect(!response.bodyText.contains("whsec_") && response["secret"] == nil, "\(path)")
            }
            #expect(!server.log.contains("whsec_"))
            #expect(try !server.metrics().contains("whsec_"))
            let events = try await server.api.call(.GET, "/events").bodyText
            #expect(!events.contains("whsec_"))
            let list = try await server.api.call(.GET, "/webhooks?project=admin/uploads").entries
            #expect(list.count == 1 && list.first?.string("id") == id)
            #expect(try await server.api.call(.DELETE, "/webhooks/\(id)").status == 204)
            server.expectRefusal(try await server.api.call(.GET, "/webhooks/\(id)"), 404, 90003)
        }
    }

    @Test("only admins of the project can manage its webhooks, and only with a token of full scope")
    func permissions() async throws {
        try await withTestServer { server in
            let admin = try await server.addUser("second")
            let (writer, other) = (try await server.addUser("writer"), try await server.addUser("other"))
            try await server.addMember("second", of: "admin/uploads", rights: ["admin"])
            try await server.addMember("writer", of: "admin/uploads", rights: ["write"])
            let body: JSONValue = ["project": "admin/uploads", "url": Self.url]
            let id = try await admin.call(.POST, "/webhooks", body).text("id")
            #expect(try await server.api.call(.GET, "/webhooks/\(id)").status == 200)
            server.expectRefusal(try await writer.call(.POST, "/webhooks", body), 403, 3001)
            server.expectRefusal(try await other.call(.POST, "/webhooks", body), 404, 3002)
            server.expectRefusal(try await writer.call(.GET, "/webhooks?project=admin/uploads"), 403, 3001)
            for (client, status, code) in [(writer, 403, 3001), (other, 404, 90003)] as [(APIClient, Int, Int64)] {
                server.expectRefusal(try await client.call(.GET, "/webhooks/\(id)"), status, code)
                server.expectRefusal(try await client.call(.GET, "/webhooks/\(id)/deliveries"), status, code)
                server.expectRefusal(try await client.call(.PATCH, "/webhooks/\(id)", ["types": []]), status, code)
                server.expectRefusal(try await client.call(.DELETE, "/webhooks/\(id)"), status, code)
                for action in ["enable", "disable", "rotate-secret", "test"] {
                    let response = try await client.call(.POST, "/webhooks/\(id)/actions/\(action)")
                    server.expectRefusal(response, status, code, "\(action)")
                }
            }
            for scope in [TokenScope.read, .upload] {
                let details = TokenDetails(rights: TokenRights(scope: scope))
                let client = server.client(token: try await server.createToken(for: "admin", details))
                server.expectRefusal(try await client.call(.POST, "/webhooks", body), 403, 90002)
            }
            let project = try #require(ProjectID(try await server.api.createProject("Runs")))
            let limited = TokenDetails(rights: TokenRights(projects: [project]))
            let client = server.client(token: try await server.createToken(for: "admin", limited))
            server.expectRefusal(try await client.call(.GET, "/webhooks/\(id)"), 404, 90003)
        }
    }

    @Test("wrong fields are refused, and the number of webhooks is limited")
    func refusals() async throws {
        try await withTestServer { server in
            let project: JSONValue = "admin/uploads"
            for (body, code) in [
                ([:], 90000), (["project": project], 90000), (["url": Self.url], 90000),
                (["project": "x", "url": Self.url], 90000), (["project": project, "url": "ftp://a"], 90000),
                (["project": project, "url": "http://user@a"], 90000), (["project": project, "url": 1], 90000),
                (["project": project, "url": Self.url, "types": ["x"]], 90000),
                (["project": project, "url": Self.url, "types": "file.created"], 90000),
                (["project": project, "url": Self.url, "secret": "x"], 90000),
            ] as [(JSONValue, Int64)] {
                let response = try await server.api.call(.POST, "/webhooks", body)
                #expect(response.status == 400, "\(body) \(response.bodyText)")
                if body != ["project": "x", "url": Self.url] { #expect(response.code == code, "\(body)") }
            }
            let body: JSONValue = ["project": project, "url": Self.url]
            let id = try await server.api.call(.POST, "/webhooks", body).text("id")
            let path = "/webhooks/\(id)"
            server.expectRefusal(try await server.api.call(.PATCH, path, ["secret": "x"]), 400, 90000)
            server.expectRefusal(try await server.api.call(.PATCH, path, ["url": ""]), 400, 90000)
            for after in ["", "x", "latest", "0123456789abcdef.-1"] {
                let response = try await server.api.call(.POST, path + "/actions/replay", ["after": .string(after)])
                server.expectRefusal(response, 400, 90000)
            }
            let foreign = try await server.api.call(
                .POST,
                path + "/actions/replay",
                ["after": "0123456789abcdef.1"]
            )
            server.expectRefusal(foreign, 410, 90003)
            server.expectRefusal(try await server.api.call(.POST, path + "/actions/redeliver", [:]), 400, 90000)
            let redeliver = try await server.api.call(.POST, path + "/actions/redeliver", ["event": "a-1"])
            server.expectRefusal(redeliver, 404, 90003)
            for _ in 1..<WebhookRules.maximumPerProject {
                #expect(try await server.api.call(.POST, "/webhooks", body).status == 201)
            }
            server.expectRefusal(try await server.api.call(.POST, "/webhooks", body), 409, 90007)
        }
    }

    @Test("without the event log, there are no webhooks")
    func withoutEvents() async throws {
        try await withTestServer(arguments: ["--event-retention", "0s"]) { server in
            server.expectRefusal(try await server.api.call(.GET, "/webhooks?project=admin/uploads"), 404, 90003)
            let index = try await server.api.call(.GET, "").bodyText
            #expect(!index.contains("webhooks"))
        }
    }
}
