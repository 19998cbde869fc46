import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// Tokens that are limited to certain projects.
@Suite(.timeLimit(.minutes(10)))
struct ProjectLimitTests {
    /// Another project of the owner of `admin/uploads`, its contents, and resources of the owner without a project.
    private struct Outside {
        let project: String
        let folder: String
        let file: String
        let upload: String
        let link: String
        let automation: String
        let packageUpload: String
        let job: String
        let webhook: String

        init(_ api: APIClient) async throws {
            let project = try await api.createProject("Outside")
            self.project = project
            folder = try await api.makeFolder("outside folder", project: project)
            file = try await api.uploadSmall("outside file", project: project)
            func place(_ name: String, of file: String = "") -> JSONValue {
                ["project": .string(project), "name": .string(name), "file": .string(file)]
            }
            upload = try await api.call(.POST, "/upload/multipart", place("outside open")).text("upload_id")
            link = try await api.call(.POST, "/upload_links", place("outside link")).text("id")
            let automation = try await api.call(.POST, "/automation/automations", ["name": "outside automation"])
                .text("id")
            self.automation = automation
            packageUpload = try await api.call(
                .POST,
                "/automation/upload",
                ["automation_id": .string(automation), "name": "outside.zip", "size": 3]
            ).text("upload_id")
            let receiver: JSONValue = ["project": .string(project), "url": "https://receiver.example/"]
            webhook = try await api.call(.POST, "/webhooks", receiver).text("id")
            job = try await api.submitJob(.copy, [place("x", of: file)]).text("id")
        }

        /// Returns the values of the placeholders in a path.
        func values(_ path: String) -> [String: String] {
            [
                "{owner}": "admin", "{project}": "outside", "{username}": "admin", "{part_number}": "1",
                "{file_id}": file, "{upload_id}": path.hasPrefix("/automation") ? packageUpload : upload,
                "{access_id}": "https", "{link_id}": link, "{automation_id}": automation, "{package_id}": "0",
                "{token_id}": "0", "{job_id}": job, "{webhook_id}": webhook,
            ]
        }

        /// Bodies that refer only to resources outside of the token's project, by call.
        var bodies: [String: JSONValue] {
            let place: JSONValue = ["project": .string(project), "name": "x", "type": "folder"]
            let report: JSONValue = ["part_number": 1, "response": ["headers": ["ETag": "x"]]]
            return [
                "POST /files": place, "POST /upload/multipart": place, "POST /upload_links": place,
                "POST /webhooks": ["project": .string(project), "url": "https://receiver.example/"],
                "POST /webhooks/{webhook_id}/actions/replay": ["after": "0123456789abcdef.1"],
                "POST /webhooks/{webhook_id}/actions/redeliver": ["event": "x"],
                "POST /projects": ["name": "New"], "POST /automation/automations": ["name": "x"],
                "POST /automation/upload": ["automation_id": .string(automation), "name": "x", "size": 3],
                "POST /automation/automations/{automation_id}/packages": [
                    "version": "1", "location": "0", "schema": [:],
                ],
                "POST /projects/{owner}/{project}/members": ["username": "admin"],
                "PUT /projects/{owner}/{project}/members/{username}/permissions": [
                    "read": true, "copy": true, "write": true, "execute": true, "admin": true,
                ],
                "PATCH /projects/{owner}/{project}/members/{username}/permissions": ["write": true],
                "PUT /files/{file_id}/tags": ["x"],
                "POST /files/{file_id}/actions/copy": ["project": "admin/uploads"],
                "POST /files/{file_id}/actions/move": ["parent": .string(folder)],
                "POST /action/files/copy": ["project": "admin/uploads", "file_ids": [.string(file)]],
                "POST /bulk/files/get": ["file_ids": [.string(file)]],
                "POST /bulk/files/delete": ["file_ids": [.string(file)]],
                "POST /bulk/files/update": ["items": [["id": .string(file), "name": "x"]]],
                "POST /bulk/files/edit": ["items": [["id": .string(file), "name": "x"]]],
                "POST /upload/multipart/{upload_id}/part": report,
                "POST /upload/multipart/{upload_id}": ["parts": [report]],
                "POST /automation/upload/{upload_id}/part": report,
                "POST /automation/upload/{upload_id}": ["parts": [report]],
                "POST /async/files/copy": ["items": [["file": .string(file), "project": "admin/uploads"]]],
                "POST /async/files/move": ["items": [["file": .string(file), "project": "admin/uploads"]]],
                "POST /async/files/delete": ["items": [["file": .string(file)]]],
                "POST /tokens": ["projects": [.string(project)]],
            ]
        }
    }

    /// Calls whose response does not depend on any project.
    private static let neutral: Set<String> = [
        "GET /rate_limit", "GET /user", "GET /users/{username}", "GET /tokens", "GET /projects",
        "GET /projects/{owner}", "GET /upload/multipart", "GET /usage", "GET /forecast",
        "GET /billing/groups", "GET /tasks", "GET /apps", "GET /async/files",
        "GET /automation/automations", "GET /automation/upload",
    ]
    /// Calls whose response reports each file separately, with 200.
    private static let bulk: Set<String> = [
        "POST /bulk/files/get", "POST /bulk/files/delete", "POST /bulk/files/update", "POST /bulk/files/edit",
        "POST /action/files/copy",
    ]
    private static let queries = [
        "GET /events": "?project=admin/outside", "GET /files": "?project=admin/outside",
        "GET /files/scroll": "?project=admin/outside",
        "GET /upload_links": "?project=admin/outside", "GET /webhooks": "?project=admin/outside",
        "PUT /files/content": "?project=admin/outside&name=a",
        "POST /upload/archive": "?project=admin/outside",
    ]

    @Test("no call of the API reads or changes anything outside of the token's projects")
    func outside() async throws {
        try await withTestServer { server in
            let outside = try await Outside(server.api)
            let client = server.client(token: try await Self.limitedToken(server))
            let before = try await Self.state(server.api, outside)
            for call in CallScopes.table.keys.sorted() where call != "GET /upload_links/session" {
                let words = call.split(separator: " ").map(String.init)
                let path = outside.values(words[1]).reduce(words[1]) { $0.replacing($1.key, with: $1.value) }
                let response = try await client.callFromRoot(
                    HTTPMethod(rawValue: words[0]),
                    (path.hasPrefix("/ga4gh") ? path : "/v2" + path) + (Self.queries[call] ?? ""),
                    outside.bodies[call] ?? (words[0] == "GET" ? nil : [:])
                )
                let text = response.bodyText
                if Self.neutral.contains(call) || Self.bulk.contains(call) {
                    #expect(response.status == 200, "\(call): \(text)")
                    #expect(!text.contains("outside") && !text.contains(outside.upload), "\(call): \(text)")
                } else {
                    #expect([403, 404, 501].contains(response.status), "\(call): \(response.status) \(text)")
                }
            }
            #expect(try await Self.state(server.api, outside) == before, "a refused call changed something")
        }
    }

    /// Creates a token for the project `admin/uploads` only.
    private static func limitedToken(_ server: TestServer, scope: TokenScope = .full) async throws -> String {
        let uploads = ProjectID(owner: "admin", shortName: "uploads")
        let details = TokenDetails(rights: TokenRights(scope: scope, projects: [uploads]))
        return try await server.createToken(for: "admin", details)
    }

    /// Returns responses that show whether a call has changed anything.
    private static func state(_ api: APIClient, _ outside: Outside) async throws -> [String] {
        var responses: [String] = []
        for path in [
            "/projects", "/projects/admin/outside", "/projects/admin/outside/members", "/files?project=admin/outside",
            "/files?project=admin/uploads", "/files/\(outside.file)", "/upload/multipart",
            "/upload/multipart/\(outside.upload)?list_parts=true", "/upload_links?project=admin/outside",
            "/webhooks?project=admin/outside",
            "/automation/automations/\(outside.automation)", "/automation/upload/\(outside.packageUpload)", "/tokens",
        ] {
            responses.append(try await api.call(.GET, path).bodyText)
        }
        return responses
    }

    @Test("in its projects, a limited token works like any other, and lists contain only these projects")
    func inside() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            _ = try await Outside(server.api)
            let client = server.client(token: try await Self.limitedToken(server))
            let file = try await client.uploadSmall("inside")
            #expect(try await client.download(file) == ByteBuffer(string: "abc"))
            let open = try await client.initialize("open", size: 3)
            #expect(try await client.listed("/projects") == ["admin/uploads"])
            #expect(try await client.listed("/projects/admin") == ["admin/uploads"])
            #expect(try await client.listed("/projects?name=outside") == [])
            let uploads = try await client.call(.GET, "/upload/multipart")
            #expect(try uploads.entryNames == ["open"] && uploads.headers["X-Total-Matching-Query"] == ["1"])
            #expect(try await client.call(.DELETE, "/upload/multipart/\(open)").status == 204)
            let everything = try await server.api.call(.GET, "/projects")
            #expect(try everything.entries.count == 2, "another token of the same user is not limited")
        }
    }

    @Test("a copy requires a token for both projects")
    func copies() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let outside = try await Outside(server.api)
            let client = server.client(token: try await Self.limitedToken(server))
            let file = try await client.uploadSmall("inside")
            let out = try await client.copy(file, ["project": .string(outside.project)])
            server.expectRefusal(out, 404, 3002, "to another project")
            let folder = try await client.copy(file, ["parent": .string(outside.folder)])
            server.expectRefusal(folder, 404, 5026, "to its folder")
            let back = try await client.copy(outside.file, ["project": "admin/uploads"])
            server.expectRefusal(back, 404, 5002, "from it")
            let inside = try await client.makeFolder("copies")
            #expect(try await client.copy(file, ["parent": .string(inside)]).status == 200)
        }
    }

    @Test("the deletion of a project ends a token's access to it, even if another project gets the same id later")
    func deletedProject() async throws {
        try await withTestServer { server in
            let kept = ProjectID(owner: "admin", shortName: "uploads")
            let deleted = try await server.api.createProject("Deleted")
            let project = try #require(ProjectID(deleted))
            func client(_ projects: Set<ProjectID>) async throws -> APIClient {
                let details = TokenDetails(rights: TokenRights(projects: projects))
                return server.client(token: try await server.createToken(for: "admin", details))
            }
            let (alone, both) = (try await client([project]), try await client([project, kept]))
            for client in [alone, both] {
                #expect(try await client.call(.GET, "/projects/\(deleted)").status == 200)
            }
            #expect(try await alone.call(.DELETE, "/projects/\(deleted)").status == 204)
            for isLater in [false, true] {
                if isLater { #expect(try await server.api.createProject("Deleted") == deleted) }
                for path in ["/projects", "/projects/\(deleted)", "/projects/\(kept)"] {
                    server.expectRefusal(try await alone.call(.GET, path), 401, 90001, "\(path)")
                }
                server.expectRefusal(try await both.call(.GET, "/projects/\(deleted)"), 404, 3002)
                #expect(try await both.listed("/projects") == [kept.description])
                let tokens = try await server.api.call(.GET, "/tokens").entries
                #expect(tokens.map { $0.keys.contains("projects") } == [false, true], "\(tokens)")
            }
        }
    }
}
