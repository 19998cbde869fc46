import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Filters, pages and fields of file lists.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FileListTests {
    @Test("a list shows the direct children of a folder or a project's root")
    func places() async throws {
        try await withTestServer { server in
            let folder = try await server.api.makeFolder("folder")
            let inner = try await server.api.makeFolder("inner", in: folder)
            _ = try await server.api.uploadSmall("top")
            let file = try await server.api.uploadSmall("in folder", in: folder)
            _ = try await server.api.uploadSmall("deep", in: inner)
            let project = try await server.api.call(.GET, "/projects/admin/uploads")
            let root = try project.text("root_folder")
            let rows = [
                ("/files?project=admin/uploads", ["folder", "top"]),
                ("/files?project=admin%2Fuploads", ["folder", "top"]),
                ("/files/?project=admin/uploads", ["folder", "top"]),
                ("/projects/admin/uploads/files", ["folder", "top"]),
                ("/projects/admin/uploads/files?name=top", ["top"]), ("/files?parent=\(root)", ["folder", "top"]),
                ("/files?parent=\(folder)", ["in folder", "inner"]), ("/files/\(folder)/list", ["in folder", "inner"]),
                ("/files/\(inner)/list", ["deep"]),
            ]
            for (path, names) in rows {
                let list = try await server.api.call(.GET, path)
                #expect(try list.entryNames.sorted() == names, "\(path)")
                #expect(list.headers["X-Total-Matching-Query"] == ["\(names.count)"], "\(path)")
                #expect(list["links"] == [])
                for item in try list.entries {
                    #expect(item.keys == ["href", "id", "name", "project", "parent", "type"], "\(path)")
                    #expect(item.string("project") == "admin/uploads")
                    #expect(
                        item.string("type") == (item.string("name")?.hasSuffix("er") == true ? typed(item) : "file")
                    )
                }
            }
            let errors: [(String, Int, Int64)] = [
                ("/files", 400, 5029), ("/files?project=admin/uploads&parent=\(folder)", 400, 5031),
                ("/files?project=", 400, 5005), ("/files?project=x", 400, 5005), ("/files?project=a/b/c", 400, 5005),
                ("/files?project=admin/nothing", 404, 3002), ("/files?parent=000000000000000000000000", 404, 5002),
                ("/files?parent=", 404, 5002), ("/files?parent=\(file)", 400, 5022), ("/files/\(file)/list", 400, 5022),
                ("/files/000000000000000000000000/list", 404, 5002), ("/files?parent=a%00b", 400, 90000),
            ]
            for (path, status, code) in errors {
                server.expectRefusal(try await server.api.call(.GET, path), status, code, "\(path)")
            }
        }
    }

    private func typed(_ item: JSONValue) -> String { item.string("name") == "in folder" ? "file" : "folder" }

    @Test("a file must match every filter, and at least one value of each")
    func filters() async throws {
        try await withTestServer { server in
            let files: [(String, [JSONValue], [String: JSONValue])] = [
                ("a", ["x", "y"], ["s": "1", "t": "1"]), ("b", ["x"], ["s": "2"]), ("c", [], ["s": "1"]),
                ("d +&=#", ["p q"], ["s t": "ä"]),
            ]
            for (name, tags, metadata) in files {
                let id = try await server.api.uploadSmall(name)
                let change: JSONValue = ["tags": .array(tags), "metadata": .object(metadata)]
                #expect(try await server.api.call(.PATCH, "/files/\(id)", change).status == 200)
            }
            let rows = [
                ("name=a", ["a"]), ("name=a&name=b", ["a", "b"]), ("name=A", []), ("name=", []),
                ("name=&name=a", ["a"]),
                ("name=nothing", []), ("name=d+%2B%26%3D%23", ["d +&=#"]), ("tag=x", ["a", "b"]),
                ("tag=x&tag=y", ["a", "b"]),
                ("tag=y", ["a"]), ("tag=X", []), ("tag=p%20q", ["d +&=#"]), ("tag=x&name=b", ["b"]),
                ("metadata.s=1", ["a", "c"]), ("metadata.s=1&metadata.s=2", ["a", "b", "c"]),
                ("metadata.s=1&metadata.t=1", ["a"]), ("metadata.s=2&metadata.t=1", []), ("metadata.S=1", []),
                ("metadata.nothing=1", []), ("metadata.s+t=%C3%A4", ["d +&=#"]), ("metadata.s=1&tag=x", ["a"]),
                ("metadata.s=1&tag=x&name=c", []), ("origin.task=x", []), ("unknown=1&name=a", ["a"]),
                ("metadata.s=%27%20OR%201=1", []), ("name=%25", []),
            ]
            for (query, names) in rows {
                let list = try await server.api.call(.GET, "/files?project=admin/uploads&\(query)")
                #expect(try list.entryNames.sorted() == names, "\(query)")
                #expect(list.headers["X-Total-Matching-Query"] == ["\(names.count)"], "\(query)")
            }
        }
    }

    @Test("following the page links returns each entry once")
    func pages() async throws {
        try await withTestServer { server in
            for number in 0..<7 { _ = try await server.api.makeFolder("f\(number)") }
            _ = try await server.api.makeFolder("other")
            let query = "project=admin/uploads&fields=name&unknown=a+b" + (0..<7).map { "&name=f\($0)" }.joined()
            for limit in [1, 2, 3, 7, 100, 1000] {
                let size = min(limit, 100)
                var names: [String] = []
                var next: String? = "\(server.endpoint)/files?limit=\(limit)&\(query)"
                while let url = next {
                    let page = try await server.api.send(.GET, url, headers: ["X-SBG-Auth-Token": server.token])
                    let links = try page.pageLinks
                    #expect(try page.entryNames.count == min(size, 7 - names.count))
                    #expect(page.headers["X-Total-Matching-Query"] == ["7"])
                    let href = try page.text("href")
                    for part in ["limit=\(size)", "offset=\(names.count)", "name=f6", "fields=name", "unknown=a%20b"] {
                        #expect(href.contains(part), "\(href)")
                    }
                    #expect((links["prev"] == nil) == names.isEmpty)
                    let link = page.headers["Link"].joined(separator: ", ")
                    for (rel, url) in links { #expect(link.contains("<\(url)>; rel=\"\(rel)\"")) }
                    let again = try await server.api.send(.GET, href, headers: ["X-SBG-Auth-Token": server.token])
                    #expect(try again.json == page.json, "the list can be read again at its href")
                    names += try page.entryNames
                    next = links["next"]
                }
                #expect(names.sorted() == (0..<7).map { "f\($0)" }, "limit \(limit)")
            }
            let beyond = try await server.api.call(.GET, "/files?project=admin/uploads&offset=100")
            #expect(try beyond.entries == [])
            #expect(beyond.headers["X-Total-Matching-Query"] == ["8"])
            let huge = try await server.api.call(
                .GET,
                "/files?project=admin/uploads&limit=99999999999&offset=9223372036854775000"
            )
            #expect(try huge.entries == [])
            let bad = [
                "limit=x", "limit=-1", "limit=1.5", "offset=x", "offset=-1", "limit=99999999999999999999", "offset=",
            ]
            for query in bad {
                for path in ["/files?project=admin/uploads&", "/projects?", "/upload/multipart?"] {
                    server.expectRefusal(try await server.api.call(.GET, path + query), 400, 90000, "\(path)\(query)")
                }
            }
        }
    }

    @Test("fields are selected by name, and href is always included")
    func fields() async throws {
        try await withTestServer { server in
            let id = try await server.api.uploadSmall("a")
            let change: JSONValue = ["metadata": ["x": "1", "y": "2"]]
            #expect(try await server.api.call(.PATCH, "/files/\(id)", change).status == 200)
            let all: Set<String> = [
                "href", "id", "name", "size", "project", "parent", "type", "created_on", "modified_on", "storage",
                "origin",
                "tags", "metadata", "checksums", "_secondary_files",
            ]
            let rows: [(String, Set<String>)] = [
                ("", all), ("?fields=_all", all), ("?fields=", all), ("?fields=id,name", ["href", "id", "name"]),
                ("?fields=id&fields=name", ["href", "id"]), ("?fields=!metadata", all.subtracting(["metadata"])),
                ("?fields=!href", all), ("?fields=nothing", ["href"]),
                ("?fields=_all,!size", all.subtracting(["size"])),
                ("?fields=name,%20size", ["href", "name", "size"]),
            ]
            for (query, keys) in rows {
                let details = try await server.api.call(.GET, "/files/\(id)\(query)")
                #expect(try details.json.keys == keys, "details \(query)")
                let list = try await server.api.call(
                    .GET,
                    "/files\(query.isEmpty ? "?" : "\(query)&")project=admin/uploads"
                )
                let defaults: Set<String> = ["href", "id", "name", "project", "parent", "type"]
                let listed =
                    query.isEmpty || query == "?fields=" || query == "?fields=!metadata" || query == "?fields=!href"
                #expect(try list.entries.first?.keys == (listed ? defaults : keys), "list \(query)")
            }
            let nested = try await server.api.call(.GET, "/files/\(id)?fields=metadata.x,origin.task,name")
            #expect(nested["metadata"] == ["x": "1"])
            #expect(nested["name"] == "a")
        }
    }
}
