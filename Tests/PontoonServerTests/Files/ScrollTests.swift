import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Lists that are read page by page with tokens.
@Suite(.timeLimit(.minutes(10)))
struct ScrollTests {
    @Test("a scroll returns each entry once, in order, with the total and the links that clients expect")
    func pages() async throws {
        try await withTestServer { server in
            let api = server.api
            let names = ["B", "a b", "a%2Fb", "a+b", "e\u{301}", "z", "é", "🧬"]
            for name in names { _ = try await api.makeFolder(name) }
            var seen: [String] = []
            var url: String? = server.endpoint + "/files/scroll?project=admin%2Fuploads&token=init&limit=3&offset=5"
            var count = 0
            while let current = url {
                let response = try await api.send(.GET, current, headers: ["X-SBG-Auth-Token": server.token])
                #expect(response.headers["X-Total-Matching-Query"] == ["8"])
                seen += try response.entryNames
                let again = try await api.send(
                    .GET,
                    try response.text("href"),
                    headers: ["X-SBG-Auth-Token": server.token]
                )
                #expect(try again.entries == response.entries, "href is the URL of this page")
                url = try response.pageLinks["next"]
                let header = url.map { ["<\($0)>; rel=\"next\""] } ?? []
                #expect(response.headers["Link"] == header)
                #expect(url?.contains("offset") != true)
                count += 1
            }
            #expect(count == 3)
            #expect(seen.map { Array($0.utf8) } == names.map { Array($0.utf8) })
        }
    }

    @Test("entries added and removed during a scroll neither hide nor repeat other entries")
    func changesMeanwhile() async throws {
        try await withTestServer { server in
            let api = server.api
            let folder = try await api.makeFolder("sub")
            var ids: [String: String] = [:]
            for number in 10..<30 {
                ids["\(number)"] = try await api.makeFolder("\(number)", in: folder)
            }
            var seen: [String] = []
            var url: String? = server.endpoint + "/files/\(folder)/scroll?limit=4"
            while let current = url {
                let response = try await api.send(.GET, current, headers: ["X-SBG-Auth-Token": server.token])
                let names = try response.entryNames
                seen += names
                url = try response.pageLinks["next"]
                // Deletes all returned entries, and adds entries that sort before them.
                for name in names {
                    let id = try #require(ids[name])
                    #expect(try await api.call(.DELETE, "/files/\(id)").status == 204)
                    _ = try await api.makeFolder("0-\(name)", in: folder)
                }
            }
            #expect(seen == (10..<30).map { "\($0)" })
        }
    }

    @Test("filters and fields apply to every page")
    func filters() async throws {
        try await withTestServer { server in
            let api = server.api
            for name in ["a", "b", "c", "d"] {
                let file = try await api.upload(name, ByteBuffer(string: name))
                let tag = name == "b" ? "other" : "t"
                try await api.perform(
                    .PATCH,
                    "/files/\(file)",
                    ["tags": [.string(tag)], "metadata": ["k": .string(name)]]
                )
            }
            let query = "project=admin/uploads&tag=t&limit=1&fields=name,metadata.k"
            var seen: [JSONValue] = []
            var url: String? = server.endpoint + "/files/scroll?token=init&" + query
            while let current = url {
                let response = try await api.send(.GET, current, headers: ["X-SBG-Auth-Token": server.token])
                #expect(response.headers["X-Total-Matching-Query"] == ["3"])
                for item in try response.entries {
                    #expect(item.keys == ["href", "metadata", "name"])
                    seen += [item["metadata"]?["k"] ?? nil]
                }
                url = try response.pageLinks["next"]
            }
            #expect(seen == ["a", "c", "d"])
            let plain = try await api.call(.GET, "/files/scroll?project=admin/uploads").entries
            #expect(plain[0].keys == ["href", "id", "name", "parent", "project", "type"])
            let all = try await api.call(.GET, "/files/scroll?project=admin/uploads&fields=_all,!tags&name=b").entries
            #expect(all.count == 1)
            #expect(all[0]["size"] == 1)
            #expect(all[0]["tags"] == nil)
            #expect(try await api.call(.GET, "/files/scroll?project=admin/uploads&name=").entries == [])
            let one = try await api.call(.GET, "/files/scroll?project=admin/uploads&limit=1")
            #expect(one.headers["X-Total-Matching-Query"] == ["4"])
        }
    }

    @Test("invalid scroll requests are rejected")
    func refusals() async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            let place = "project=admin/uploads"
            let rows: [(path: String, status: Int, code: Int64)] = [
                ("/files/scroll?\(place)&token=", 400, 90000), ("/files/scroll?\(place)&token=x", 400, 90000),
                ("/files/scroll?\(place)&token=n1!!", 400, 90000), ("/files/scroll?\(place)&token=n1AA", 400, 90000),
                ("/files/scroll?\(place)&token=n1_w", 400, 90000), ("/files/scroll?\(place)&limit=x", 400, 90000),
                ("/files/scroll?\(place)&limit=-1", 400, 90000),
                ("/files/scroll?\(place)&limit=0", 400, 90000), ("/files/scroll?token=init", 400, 5029),
                ("/files/scroll?\(place)&parent=x", 400, 5031), ("/files/scroll?project=x", 400, 5005),
                ("/files/scroll?project=admin/nope", 404, 3002), ("/files/scroll?parent=nope", 404, 5002),
                ("/files/scroll?parent=\(file)", 400, 5022), ("/files/\(file)/scroll", 400, 5022),
                ("/files/nope/scroll", 404, 5002),
            ]
            for (path, status, code) in rows {
                server.expectRefusal(try await api.call(.GET, path), status, code, "\(path)")
            }
            server.expectRefusal(try await api.call(.POST, "/files/scroll"), 405, 90006, "another method")
            let ada = try await server.addUser("ada")
            server.expectRefusal(try await ada.call(.GET, "/files/scroll?\(place)"), 404, 3002, "a stranger")
        }
    }
}
