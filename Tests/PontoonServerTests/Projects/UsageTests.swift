import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonApp

/// `GET /v2/usage`, and the field `usage` of a project.
@Suite(.timeLimit(.minutes(10)))
struct UsageTests {
    /// Returns the JSON object that the API returns for this usage without limits.
    private static func usage(stored: Int64, reserved: Int64, files: Int64, uploads: Int64) -> JSONValue {
        [
            "stored_bytes": .integer(stored), "reserved_bytes": .integer(reserved), "files": .integer(files),
            "open_uploads": .integer(uploads), "quota": ["bytes": .null, "files": .null, "open_uploads": .null],
        ]
    }

    private static func start(_ size: Int64, in project: String, _ api: APIClient) async throws {
        let body: JSONValue = ["project": .string(project), "name": "open", "size": .integer(size)]
        #expect(try await api.call(.POST, "/upload/multipart", body).status == 200)
    }

    @Test("the caller's usage is the usage of the projects that the caller owns, whoever uploads to them")
    func ownProjects() async throws {
        try await withTestServer { server in
            let ada = try await server.addUser("ada")
            let nothing = try await ada.call(.GET, "/usage")
            #expect(nothing["usage"] == Self.usage(stored: 0, reserved: 0, files: 0, uploads: 0))
            #expect(try nothing.entries.isEmpty && nothing["user"] == "ada")

            let other = try await server.api.createProject("Other")
            _ = try await server.api.uploadSmall("a", "abc")
            try await server.addMember("ada", of: other, rights: ["write"])
            try await Self.start(70, in: other, ada)
            let usage = try await server.api.call(.GET, "/usage")
            #expect(usage["usage"] == Self.usage(stored: 3, reserved: 70, files: 1, uploads: 1))
            #expect(usage["user"] == "admin")
            let projects = try usage.entries
            #expect(projects.map { $0.string("id") } == [other, "admin/uploads"])
            #expect(projects.first?.string("href")?.hasSuffix("/v2/projects/\(other)") == true)
            #expect(projects.first?["usage"] == Self.usage(stored: 0, reserved: 70, files: 0, uploads: 1))
            #expect(projects.last?["usage"] == Self.usage(stored: 3, reserved: 0, files: 1, uploads: 0))
            #expect(try await ada.call(.GET, "/usage").entries.isEmpty)
        }
    }

    @Test("the list is paged and ordered by id")
    func pages() async throws {
        try await withTestServer { server in
            for name in ["b", "d", "c"] { _ = try await server.api.createProject(name) }
            let page = try await server.api.call(.GET, "/usage?limit=3&offset=1")
            #expect(try page.entries.map { $0.string("id") } == ["admin/c", "admin/d", "admin/uploads"])
            #expect(page.headers.first(name: "X-Total-Matching-Query") == "4")
            #expect(try page.pageLinks["prev"]?.hasSuffix("/v2/usage?offset=0&limit=3") == true)
            #expect(try await server.api.listed("/usage?offset=\(Int.max)") == [])
            #expect(try await server.api.call(.GET, "/usage?offset=x").status == 400)
        }
    }

    @Test("a token limited to projects sees only those, and not the sum of all projects")
    func limitedToken() async throws {
        try await withTestServer { server in
            let other = try await server.api.createProject("Other")
            _ = try await server.api.uploadSmall("a", "abc")
            for (scope, path, status) in [
                (TokenScope.read, "/usage", 200), (.upload, "/usage", 200), (.read, "/forecast", 200),
                (.upload, "/forecast", 403),
            ] {
                let rights = TokenRights(scope: scope, projects: [try #require(ProjectID(other))])
                let details = TokenDetails(rights: rights)
                let limited = server.client(token: try await server.createToken(for: "admin", details))
                let response = try await limited.call(.GET, path)
                #expect(response.status == status)
                guard path == "/usage" else { continue }
                #expect(try response.entries.map { $0.string("id") } == [other])
                #expect(response["usage"] == .null)
                #expect(response.headers.first(name: "X-Total-Matching-Query") == "1")
            }
        }
    }

    @Test("every member sees the usage of a project, which is read only if the response includes it")
    func projectDetails() async throws {
        try await withTestServer { server in
            _ = try await server.api.uploadSmall("a", "abc")
            let ada = try await server.addUser("ada")
            try await server.addMember("ada", of: "admin/uploads", rights: ["read"])
            let project = "/projects/admin/uploads"
            let expected = Self.usage(stored: 3, reserved: 0, files: 1, uploads: 0)
            #expect(try await ada.call(.GET, project)["usage"] == expected)
            #expect(try await ada.call(.GET, project + "?fields=usage.files")["usage"] == ["files": 1])
            for fields in ["name", "!usage"] {
                let response = try await ada.call(.GET, project + "?fields=\(fields)")
                #expect(response.status == 200 && response["usage"] == nil)
            }
            #expect(try await server.api.call(.PATCH, project, ["name": "New"])["usage"] == expected)
            // Lists do not contain the usage, because they would need a query for each project.
            #expect(try await ada.call(.GET, "/projects?fields=_all").entries.first?["usage"] == nil)
        }
    }

    @Test("the effective quota is reported: the individual one, or otherwise the default from the settings")
    func quotas() async throws {
        try await withTestServer(arguments: ["--user-quota", "1KiB", "--project-quota", "500"]) { server in
            try await OpenedStores.withMetadata(server.app.settings) { metadata in
                let change = QuotaChange(bytes: .unlimited, files: .limit(7), openUploads: .limit(2))
                _ = try await metadata.setQuota(change, of: .project(try #require(ProjectID("admin/uploads"))))
            }
            let usage = try await server.api.call(.GET, "/usage")
            #expect(usage["usage"]?["quota"] == ["bytes": 1024, "files": .null, "open_uploads": .null])
            let own: JSONValue = ["bytes": .null, "files": 7, "open_uploads": 2]
            #expect(try usage.entries.first?["usage"]?["quota"] == own)
            let other = try await server.api.createProject("Other")
            let byDefault: JSONValue = ["bytes": 500, "files": .null, "open_uploads": .null]
            #expect(try await server.api.call(.GET, "/projects/\(other)")["usage"]?["quota"] == byDefault)
        }
    }

    @Test("metrics count the reserved bytes, and the requests that were refused because of a quota")
    func metrics() async throws {
        try await withTestServer(.live, arguments: ["--project-quota", "100"]) { server in
            try await Self.start(60, in: "admin/uploads", server.api)
            let body: JSONValue = ["project": "admin/uploads", "name": "second", "size": 41]
            for _ in 0..<2 {
                let refused = try await server.api.call(.POST, "/upload/multipart", body)
                #expect(refused.status == 409 && refused.code == 90007)
            }
            try await eventually("the refusals are counted") {
                try server.metrics().contains("\npontoon_quota_refusals_total 2\n")
            }
            #expect(try await server.app.stores.metadata.storeTotals().reservedBytes == 60)
        }
    }
}
