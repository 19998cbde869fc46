import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Calls for features of the platform that Pontoon does not have, such as billing, tasks, apps and search.
@Suite(.timeLimit(.minutes(10)))
struct PlatformCallTests {
    @Test("each user has one billing group, to which new projects belong")
    func billingGroups() async throws {
        try await withTestServer { server in
            let list = try await server.api.call(.GET, "/billing/groups?fields=_all")
            #expect(list.status == 200 && list.headers["X-Total-Matching-Query"] == ["1"])
            let group = try #require(try list.entries.first)
            guard case .string(let id) = group["id"] else { throw UnexpectedResponse(description: "\(group)") }
            #expect(UUID(uuidString: id) != nil)
            let expected: JSONValue = [
                "href": .string("\(server.endpoint)/billing/groups/\(id)"), "id": .string(id), "owner": "admin",
                "name": "admin", "type": "FREE", "pending": false, "disabled": false,
                "balance": ["amount": 0, "currency": "USD"],
            ]
            #expect(group == expected)
            for text in [id, id.uppercased()] {
                #expect(try await server.api.call(.GET, "/billing/groups/\(text)").json == expected)
            }
            let owner = try await server.api.call(.GET, "/billing/groups/\(id)?fields=owner")
            #expect(try owner.json == ["href": expected["href"] ?? .null, "owner": "admin"])
            #expect(try await server.api.call(.GET, "/billing/groups?offset=1").entries == [])
            for body: JSONValue in [["name": "a"], ["name": "b", "billing_group": .string(id)]] {
                let project = try await server.api.call(.POST, "/projects", body)
                #expect(project.status == 201 && project["billing_group"] == .string(id))
            }
            let first = try await server.api.call(.GET, "/projects/admin/uploads")
            #expect(first["billing_group"] == .string(id), "the first project has it, too")
            let bob = try await server.addUser("bob")
            #expect(try await bob.call(.GET, "/billing/groups").entries.first?["owner"] == "bob")
            server.expectRefusal(try await bob.call(.GET, "/billing/groups/\(id)"), 404, 90003, "another user's")
            for id in ["none", UUID().uuidString] {
                server.expectRefusal(try await server.api.call(.GET, "/billing/groups/\(id)"), 404, 90003, "\(id)")
            }
        }
    }

    @Test("the lists of tasks and apps are empty", arguments: ["/tasks", "/apps"])
    func emptyLists(path: String) async throws {
        try await withTestServer { server in
            // Python's rename_files.py and R's tasks(), with their parameters.
            for query in ["?project=admin/uploads&offset=0&limit=50&fields=_all", "?status=RUNNING", ""] {
                let list = try await server.api.call(.GET, path + query)
                #expect(list.status == 200 && list["items"] == [] && list["links"] == [])
                #expect(list.headers["X-Total-Matching-Query"] == ["0"])
            }
            server.expectRefusal(try await server.api.call(.GET, path + "?limit=0"), 400, 90000, "limit")
            server.expectRefusal(try await server.api.call(.POST, path, [:]), 405, 90006, "tasks cannot be created")
            server.expectRefusal(try await server.api.call(.GET, path + "/none"), 404, 90003, "details")
        }
    }

    @Test("the search for files is refused as not implemented")
    func search() async throws {
        try await withTestServer { server in
            let query = #"{"query": "IN \"admin/uploads\" WHERE FILE_NAME LIKE \"%.bam\""}"#
            let response = try await server.api.call(.POST, "/files/search?limit=10", text: query)
            server.expectRefusal(response, 501, 90010, "search")
            server.expectRefusal(try await server.api.call(.GET, "/files/search"), 405, 90006, "GET")
        }
    }

    @Test("bulk calls that Pontoon does not serve are refused as not implemented")
    func bulk() async throws {
        try await withTestServer { server in
            for action in ["copy", "move", "x"] {
                let response = try await server.api.call(.POST, "/bulk/files/\(action)", ["items": []])
                server.expectRefusal(response, 501, 90010, "\(action)")
            }
            server.expectRefusal(try await server.api.call(.GET, "/bulk/files/copy"), 405, 90006, "GET")
            let served = try await server.api.call(.POST, "/bulk/files/get", ["file_ids": []])
            #expect(served.status == 200)
        }
    }

    @Test("a project's category is always PRIVATE, and a list of another category is empty")
    func categories() async throws {
        try await withTestServer { server in
            for category: JSONValue in ["PUBLIC", "CONTROLLED", "", 1] {
                let body: JSONValue = ["name": "a", "category": category]
                for (method, path) in [(HTTPMethod.POST, "/projects"), (.PATCH, "/projects/admin/uploads")] {
                    let response = try await server.api.call(method, path, body)
                    server.expectRefusal(response, 400, 90000, "\(method) \(category)")
                }
            }
            for category: JSONValue in ["PRIVATE", "private", nil] {
                let body: JSONValue = ["category": category, "description": "d"]
                let project = try await server.api.call(.PATCH, "/projects/admin/uploads", body)
                #expect(project.status == 200 && project["category"] == "PRIVATE")
            }
            for (category, count) in [("PRIVATE", 1), ("PUBLIC", 0), ("CONTROLLED", 0)] {
                #expect(try await server.api.call(.GET, "/projects?category=\(category)").entries.count == count)
            }
        }
    }
}
