import NIOHTTP1
import PontoonCore
import PontoonServer
import PontoonTesting
import Testing
import Yams

/// The calls that a sender's token allows: only those for the sender's own uploads.
@Suite(.timeLimit(.minutes(10)))
struct SenderAccessTests {
    private static let allowed: Set<String> = [
        "POST /v2/upload/multipart", "GET /v2/upload/multipart", "GET /v2/upload/multipart/{upload_id}",
        "DELETE /v2/upload/multipart/{upload_id}", "POST /v2/upload/multipart/{upload_id}",
        "GET /v2/upload/multipart/{upload_id}/part/{part_number}", "GET /v2/upload/multipart/{upload_id}/part_infos",
        "POST /v2/upload/multipart/{upload_id}/part", "POST /v2/upload/multipart/{upload_id}/complete",
        "GET /v2/upload_links/session",
    ]
    /// Calls that need no token.
    private static let open: Set<String> = ["GET /v2/", "GET /v2/openapi.yaml", "POST /v2/upload_links/session"]

    @Test(
        "every call of the API is refused to a sender, except those on the sender's own uploads",
        arguments: ["X-SBG-Auth-Token", "Bearer"]
    )
    func matrix(_ form: String) async throws {
        let text = String(decoding: APIDocument.openAPI, as: UTF8.self)
        let document = try #require(try Yams.load(yaml: text) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let calls = paths.filter { $0.key.hasPrefix("/v2") }.flatMap { path, item in
            item.keys.map { "\($0.uppercased()) \(path)" }
        }
        #expect(calls.count > 50 && Self.allowed.union(Self.open).isSubset(of: calls))
        try await withTestServer { server in
            let link = try await server.api.createLink()
            let sender = try await server.api.sender(of: link)
            let token = try #require(sender.token)
            let headers: HTTPHeaders = form == "Bearer" ? ["Authorization": "Bearer \(token)"] : [form: token]
            let values = [
                "{owner}": "admin", "{project}": "uploads", "{username}": "admin", "{link_id}": link.id,
                "{file_id}": try await server.api.root(), "{part_number}": "1",
            ]
            for call in calls.sorted() where !Self.open.contains(call) {
                let words = call.split(separator: " ").map(String.init)
                var path = values.reduce(words[1]) { $0.replacing($1.key, with: $1.value) }
                path.replace(/\{[a-z_]+\}/, with: "0")
                let response = try await server.api.send(
                    HTTPMethod(rawValue: words[0]),
                    server.origin + path,
                    headers: headers
                )
                if Self.allowed.contains(call) {
                    #expect(response.status != 401 && response.status != 403, "\(call)")
                } else {
                    server.expectRefusal(response, 401, 90001, "\(call)")
                }
            }
        }
    }
}
