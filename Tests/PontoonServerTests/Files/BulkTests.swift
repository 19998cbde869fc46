import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Bulk calls, in which each file succeeds or fails independently of the others.
@Suite(.timeLimit(.minutes(10)))
struct BulkTests {
    private func ids(_ ids: [String]) -> JSONValue { ["file_ids": .array(ids.map { .string($0) })] }

    private func code(_ item: JSONValue) -> JSONValue? { item["error"]?["code"] }

    @Test("files are read with selected fields, and failures are reported per file")
    func get() async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            let folder = try await api.makeFolder("sub")
            let response = try await api.call(.POST, "/bulk/files/get", ids([file, "nope", folder, file]))
            let items = try response.entries
            #expect(items.count == 4)
            let details = try await api.call(.GET, "/files/\(file)").json
            #expect(items[0]["resource"] == details)
            #expect(items[3] == items[0])
            #expect(items[2]["resource"]?["type"] == "folder")
            #expect(items[1].keys == ["error"])
            #expect(items[1]["error"]?.keys == ["code", "message", "more_info", "status"])
            #expect(items[1]["error"]?["status"] == 404)
            #expect(code(items[1]) == 5002)
            let some = try await api.call(.POST, "/bulk/files/get?fields=name,storage.type", ids([file])).entries
            #expect(some[0]["resource"]?.keys == ["href", "name", "storage"])
            #expect(some[0]["resource"]?["storage"] == ["type": "PLATFORM"])
            let most = try await api.call(.POST, "/bulk/files/get?fields=_all,!tags", ids([file])).entries
            #expect(most[0]["resource"]?["tags"] == nil)
            #expect(most[0]["resource"]?["metadata"] == [:])
            let none = try await api.call(.POST, "/bulk/files/get", ids(["x", "y"]))
            #expect(none.status == 200, "the status is 200 even if all items fail")
        }
    }

    @Test("files are deleted with their bytes")
    func delete() async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            let folder = try await api.makeFolder("full")
            let empty = try await api.makeFolder("empty")
            _ = try await api.makeFolder("deep", in: folder)
            let root = try await api.root()
            let wanted = ids([file, folder, empty, file, root])
            let items = try await api.call(.POST, "/bulk/files/delete", wanted).entries
            #expect(items[0] == ["resource": [:]])
            #expect(code(items[1]) == 5021)
            #expect(items[2] == ["resource": [:]])
            #expect(code(items[3]) == 5002, "the file was named twice")
            #expect(code(items[4]) == 5023)
            #expect(try server.finishedObjects() == 0)
            #expect(try await api.listed("/files?project=admin/uploads", "name") == ["full"])
        }
    }

    @Test("'update' replaces details, and 'edit' merges them")
    func change() async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            let id = JSONValue.string(file)
            try await api.perform(.PATCH, "/files/\(file)", ["metadata": ["k": "1", "l": "2"], "tags": ["t", "u"]])
            func change(_ call: String, _ item: JSONValue) async throws -> JSONValue? {
                try await api.call(.POST, "/bulk/files/\(call)", ["items": [item]]).entries[0]["resource"]
            }
            let edited = try await change("edit", ["id": id, "metadata": ["l": nil, "m": "3"]])
            #expect(edited?["metadata"] == ["k": "1", "m": "3"])
            #expect(edited?["tags"] == ["t", "u"])
            #expect(edited?["name"] == "a.bin")
            let named = try await change("edit", ["id": id, "name": "b.bin", "tags": ["v"], "metadata": nil])
            #expect(named?["metadata"] == ["k": "1", "m": "3"])
            #expect(named?["tags"] == ["v"])
            let updated = try await change("update", ["id": id, "metadata": ["n": 4, "gone": nil]])
            #expect(updated?["metadata"] == ["n": "4"])
            #expect(updated?["tags"] == [])
            #expect(updated?["name"] == "b.bin", "update keeps the name if none is given")
            let bare = try await change("update", ["id": id, "name": "c.bin", "tags": ["w"]])
            #expect(bare?["metadata"] == [:])
            let kept = try await api.call(.GET, "/files/\(file)").json
            #expect(bare == kept)
        }
    }

    @Test("an invalid item fails without affecting the others", arguments: ["update", "edit"])
    func wrongItems(call: String) async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            _ = try await api.upload("b.bin", ByteBuffer(string: "2"))
            let id = JSONValue.string(file)
            let folder = JSONValue.string(try await api.makeFolder("sub"))
            let long = JSONValue.string(String(repeating: "x", count: 301))
            let rows: [(item: JSONValue, code: JSONValue)] = [
                (["id": "nope", "name": "x"], 5002), (["id": folder, "name": "x"], 5023),
                (["id": id, "name": "b.bin", "tags": ["lost"]], 5003), (["id": id, "name": "sub"], 5003),
                (["id": id, "name": ""], 5024), (["id": id, "metadata": ["k": long], "name": "lost"], 5006),
                (["id": id, "metadata": ["": "v"]], 5006), (["id": id, "metadata": ["k": []]], 5006),
                (["id": id, "tags": [[]]], 90000), (["id": id, "name": 1], 90000), (["id": 1], 90000), ([:], 90000),
                (nil, 90000), ("text", 90000), (["id": id, "metadata": "text"], 90000),
            ]
            let last: JSONValue = ["id": id, "metadata": ["k": "v"]]
            let items: JSONValue = ["items": .array(rows.map(\.item) + [last])]
            let responses = try await api.call(.POST, "/bulk/files/\(call)", items).entries
            for (row, response) in zip(rows, responses) { #expect(code(response) == row.code, "\(row.item)") }
            let resource = responses.last?["resource"]
            #expect(resource?["metadata"] == ["k": "v"])
            #expect(resource?["name"] == "a.bin", "a refused change is not applied in part")
            #expect(resource?["tags"] == [])
        }
    }

    @Test("an invalid call is rejected before any item is processed", arguments: ["get", "delete", "update", "edit"])
    func refusals(call: String) async throws {
        try await withTestServer { server in
            let field = call == "get" || call == "delete" ? "file_ids" : "items"
            func element(_ index: Int) -> JSONValue {
                field == "items" ? ["id": .string("\(index)")] : .string("\(index)")
            }
            func body(_ count: Int) -> JSONValue { .object([field: .array((0..<count).map(element))]) }
            let path = "/bulk/files/\(call)"
            for wrong in [body(101), [:], nil, .object([field: "x"]), .object([field: nil]), "x", [1]] {
                server.expectRefusal(try await server.api.call(.POST, path, wrong), 400, 90000, "\(wrong)")
            }
            server.expectRefusal(try await server.api.call(.POST, path, text: "{"), 400, 90000, "no JSON")
            let most = try await server.api.call(.POST, path, body(100)).entries
            #expect(most.count == 100)
            #expect(most.allSatisfy { code($0) == 5002 })
            let none = try await server.api.call(.POST, path, body(0)).entries
            #expect(none == [])
            let stranger = server.client(token: "x")
            server.expectRefusal(try await stranger.call(.POST, path, body(1)), 401, 90001, "an unknown token")
            server.expectRefusal(try await server.api.call(.GET, path), 405, 90006, "another method")
        }
    }

    @Test("a member without the permission gets the same refusal per item as in single calls")
    func rights() async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            let ada = try await server.addUser("ada")
            let item: JSONValue = ["items": [["id": .string(file), "name": "x"]]]
            let calls: [(path: String, body: JSONValue, stranger: JSONValue?, reader: JSONValue?)] = [
                ("get", ids([file]), 5002, nil), ("delete", ids([file]), 5002, 5001), ("update", item, 5002, 5008),
                ("edit", item, 5002, 5008),
            ]
            for call in calls {
                let items = try await ada.call(.POST, "/bulk/files/\(call.path)", call.body).entries
                #expect(code(items[0]) == call.stranger, "\(call.path)")
            }
            try await api.addMember("ada", of: "admin/uploads", [.read])
            for call in calls {
                let items = try await ada.call(.POST, "/bulk/files/\(call.path)", call.body).entries
                #expect(code(items[0]) == call.reader, "\(call.path)")
            }
            #expect(try await api.listed("/files?project=admin/uploads", "name") == ["a.bin"])
        }
    }
}
