import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Changes to automations and their packages, and the list of their uploads.
@Suite(.timeLimit(.minutes(10)))
struct CodePackageChangeTests {
    private let root = "/automation/automations"

    @Test("an automation is renamed, archived and restored")
    func automation() async throws {
        try await withTestServer { server in
            let api = server.api
            let home = "\(root)/\(try await api.automation())"
            let before = try await api.call(.GET, home)
            server.clock.advance(by: .seconds(5))
            let named = try await api.call(.PATCH, home, ["name": "new", "description": "d", "unknown": 1])
            #expect(named.status == 200 && named["name"] == "new" && named["description"] == "d")
            #expect(named["created_on"] == before["created_on"] && named["modified_on"] != before["modified_on"])
            #expect(try await api.call(.PATCH, home, ["name": nil]).json == named.json, "null changes nothing")
            for body: JSONValue in [["name": ""], ["name": 5], ["name": .string(String(repeating: "x", count: 256))]] {
                server.expectRefusal(try await api.call(.PATCH, home, body), 400, 90000, "\(body)")
            }
            // The Python client sends `null`.
            let archived = try await api.call(.POST, "\(home)/actions/archive", text: "null")
            #expect(archived.status == 200 && archived["archived"] == true && archived["name"] == "new")
            #expect(try await api.listed(root) == [])
            #expect(try await api.listed("\(root)?include_archived=True", "name") == ["new"])
            #expect(try await api.call(.GET, home).json == archived.json, "it can still be read")
            let restored = try await api.call(.POST, "\(home)/actions/restore")
            #expect(restored.status == 200 && restored["archived"] == false)
            #expect(try await api.listed(root, "name") == ["new"])
        }
    }

    @Test("a package's memory limit is changed, and the package is archived and restored")
    func package() async throws {
        try await withTestServer(arguments: ["--min-part-size", "1"]) { server in
            let api = server.api
            let automation = try await api.automation()
            let location = JSONValue.string(try await api.packageFile(of: automation))
            let packages = "\(root)/\(automation)/packages"
            let body: JSONValue = ["version": "1", "location": location, "schema": [:], "python": "3"]
            let id = try await api.call(.POST, packages, body).text("id")
            let home = "/automation/packages/\(id)"
            let limited = try await api.call(.PATCH, home, ["memory_limit": 9, "python": "4", "custom_url": "u"])
            #expect(limited.status == 200 && limited["memory_limit"] == 9 && limited["python"] == "3")
            #expect(try await api.call(.PATCH, home, ["memory_limit": nil]).json == limited.json)
            server.expectRefusal(try await api.call(.PATCH, home, ["memory_limit": "9"]), 400, 90000)
            for (action, isArchived) in [("archive", true), ("restore", false)] {
                let changed = try await api.call(.POST, "\(packages)/\(id)/actions/\(action)")
                #expect(changed.status == 200 && changed["archived"] == .bool(isArchived))
                #expect(try await api.call(.GET, packages).entries == [changed.json], "the list includes it")
            }
            let other = try await api.automation()
            let foreign = "\(root)/\(other)/packages/\(id)/actions/archive"
            server.expectRefusal(try await api.call(.POST, foreign), 404, 90003, "a package of another automation")
        }
    }

    @Test("strangers, limited tokens and unknown ids are refused")
    func refusals() async throws {
        try await withTestServer(arguments: ["--min-part-size", "1"]) { server in
            let api = server.api
            let automation = try await api.automation()
            let location = JSONValue.string(try await api.packageFile(of: automation))
            let packages = "\(root)/\(automation)/packages"
            let body: JSONValue = ["version": "1", "location": location, "schema": [:]]
            let package = try await api.call(.POST, packages, body)
            let id = try package.text("id")
            let before = try await api.call(.GET, "\(root)/\(automation)")
            let calls: [(HTTPMethod, String, JSONValue?)] = [
                (.PATCH, "\(root)/\(automation)", ["name": "x"]),
                (.POST, "\(root)/\(automation)/actions/archive", nil),
                (.POST, "\(root)/\(automation)/actions/restore", nil),
                (.PATCH, "/automation/packages/\(id)", ["memory_limit": 1]),
                (.POST, "\(packages)/\(id)/actions/archive", nil),
                (.POST, "\(packages)/\(id)/actions/restore", nil),
            ]
            let uploads = ProjectID(owner: "admin", shortName: "uploads")
            let limited = TokenDetails(rights: TokenRights(scope: .full, projects: [uploads]))
            let callers = [
                try await server.addUser("other"),
                server.client(token: try await server.createToken(for: "admin", limited)),
            ]
            for (method, path, body) in calls {
                for caller in callers {
                    server.expectRefusal(try await caller.call(method, path, body), 404, 90003, "\(method) \(path)")
                }
                for known in [automation, id] {
                    let unknown = path.replacing(known, with: "nope")
                    if unknown == path { continue }
                    server.expectRefusal(try await api.call(method, unknown, body), 404, 90003, "\(method) \(unknown)")
                }
            }
            #expect(try await api.call(.GET, "\(root)/\(automation)").json == before.json)
            #expect(try await api.call(.GET, "/automation/packages/\(id)").json == package.json)
        }
    }

    @Test("unfinished uploads of packages are listed, newest first")
    func uploads() async throws {
        try await withTestServer(arguments: ["--min-part-size", "1"]) { server in
            let api = server.api
            let automation = try await api.automation()
            var uploads: [String] = []
            for size in 1...3 {
                server.clock.advance(by: .seconds(1))
                uploads.insert(try await api.initializePackage(automation, size: size), at: 0)
            }
            _ = try await api.initialize("a file", size: 1)
            #expect(try await api.listed(packageUploads, "upload_id") == uploads)
            let page = try await api.call(.GET, "\(packageUploads)?limit=1&offset=1")
            #expect(page.headers["X-Total-Matching-Query"] == ["3"])
            let item = try #require(try page.entries.first)
            #expect(item["automation_id"] == .string(automation) && item["size"] == 2)
            #expect(item["href"] == .string("\(server.endpoint)\(packageUploads)/\(uploads[1])"))
            #expect(try page.text("href") == "\(server.endpoint)\(packageUploads)?offset=1&limit=1")
            let other = try await server.addUser("other")
            #expect(try await other.listed(packageUploads, "upload_id") == [])
        }
    }
}
