import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

extension ClientToleranceTests {
    @Test("copies and moves with an empty name, as R sevenbridges 1.19 sends them, keep the name")
    func emptyNames() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.uploadSmall("reads.bam")
            let other = try await server.api.call(.POST, "/projects", ["name": "Other"]).text("id")
            let folder = try await server.api.makeFolder("folder")
            let copyToProject = #"{"project":"\#(other)","name":""}"#
            let copyToFolder = #"{"parent":"\#(folder)","name":""}"#
            for body in [copyToProject, copyToFolder] {
                let copy = try await server.api.call(.POST, "/files/\(file)/actions/copy", text: body)
                #expect(copy.status == 200 && copy["name"] == "reads.bam", "\(body)")
            }
            let taken = try await server.api.call(.POST, "/files/\(file)/actions/copy", text: copyToProject)
            server.expectRefusal(taken, 409, 5003, "the name is taken")
            let many = #"{"project":"\#(other)","file_ids":["\#(file)"],"name":""}"#
            let copies = try await server.api.call(.POST, "/action/files/copy", text: many)
            #expect(copies[file]?["new_file_name"] == "1_reads.bam")
            let inner = try await server.api.makeFolder("inner")
            let move = #"{"parent":"\#(inner)","name":""}"#
            let moved = try await server.api.call(.POST, "/files/\(file)/actions/move", text: move)
            #expect(moved.status == 200 && moved["name"] == "reads.bam" && moved["parent"] == .string(inner))
        }
    }

    @Test("jobs have the fields that R sevenbridges2 0.4 reads, and accept the items that it sends")
    func jobs() async throws {
        try await withTestServer(.live, arguments: Self.smallParts) { server in
            let file = try await server.api.uploadSmall("reads.bam")
            let folder = try await server.api.makeFolder("folder")
            let items: [(String, String)] = [
                ("copy", #"{"file":"\#(file)","parent":"\#(folder)"}"#),
                ("copy", #"{"file":"\#(file)","project":"admin/uploads","name":"copied.bam"}"#),
                ("move", #"{"file":"\#(file)","parent":"\#(folder)","name":"moved.bam"}"#),
                ("delete", #"{"file":"\#(folder)"}"#),
            ]
            for (kind, item) in items {
                let body = #"{"items":[\#(item)]}"#
                let job = try await server.api.call(.POST, "/async/files/\(kind)", text: body)
                #expect(job.status == 201, "\(body): \(job.bodyText)")
                try await server.runJobs()
                let path = "/async/files/\(kind)/\(try job.text("id"))"
                let finished = try await server.api.call(.GET, path)
                let fields: Set = [
                    "id", "type", "state", "result", "total_files", "completed_files", "failed_files", "started_on",
                    "finished_on", "href",
                ]
                #expect(try finished.json.keys == fields && finished["failed_files"] == 0, "\(body)")
            }
            let list = try await server.api.call(.GET, "/async/files?limit=50&offset=0")
            #expect(try list.entries.count == 4)
            #expect(try await server.api.listed("/files?project=admin/uploads", "name") == ["copied.bam"])
        }
    }

    @Test("numbers and Booleans among the tags, as R sevenbridges 1.19 sends them, become text")
    func scalarTags() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.uploadSmall("a")
            let tags = #"["this","is",1234,1.5,true]"#
            let expected: JSONValue = ["this", "is", "1234", "1.5", "true"]
            let put = try await server.api.call(.PUT, "/files/\(file)/tags", text: tags)
            #expect(try put.status == 200 && put.json == expected)
            let item = #"{"items":[{"id":"\#(file)","tags":\#(tags)}]}"#
            let calls: [(HTTPMethod, String, String)] = [
                (.PATCH, "/files/\(file)", #"{"tags":\#(tags)}"#), (.PUT, "/files/\(file)", #"{"tags":\#(tags)}"#),
                (.POST, "/bulk/files/update", item), (.POST, "/bulk/files/edit", item),
            ]
            for (method, path, body) in calls {
                try await server.api.perform(.PUT, "/files/\(file)/tags", [])
                #expect(try await server.api.call(method, path, text: body).status == 200, "\(path)")
                #expect(try await server.api.call(.GET, "/files/\(file)")["tags"] == expected, "\(path)")
            }
            let project = try await server.api.call(.POST, "/projects", text: #"{"name":"R","tags":\#(tags)}"#)
            #expect(project["tags"] == expected)
            let start = #"{"project":"admin/uploads","name":"b","size":0,"tags":\#(tags)}"#
            let upload = try await server.api.call(.POST, "/upload/multipart", text: start)
            #expect(upload["tags"] == expected)
        }
    }

    @Test("empty arrays and null, as the R packages send them, are empty metadata")
    func emptyMetadata() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.uploadSmall("a")
            let item = #"{"items":[{"id":"\#(file)","metadata":[]}]}"#
            let calls: [(HTTPMethod, String, String?, isCleared: Bool)] = [
                (.PUT, "/files/\(file)/metadata", "[]", true), (.PUT, "/files/\(file)/metadata", "null", true),
                (.PUT, "/files/\(file)/metadata", nil, true), (.PUT, "/files/\(file)/metadata", "{}", true),
                (.PATCH, "/files/\(file)/metadata", "[]", false),
                (.PATCH, "/files/\(file)", #"{"metadata":[]}"#, false),
                (.POST, "/bulk/files/update", item, true), (.POST, "/bulk/files/edit", item, false),
            ]
            for (method, path, body, isCleared) in calls {
                try await server.api.perform(.PUT, "/files/\(file)/metadata", ["sample_id": "S1"])
                let response = try await server.api.call(method, path, text: body)
                #expect(response.status == 200, "\(method) \(path)")
                let expected: JSONValue = isCleared ? [:] : ["sample_id": "S1"]
                #expect(
                    try await server.api.call(.GET, "/files/\(file)/metadata").json == expected,
                    "\(method) \(path) \(body ?? "")"
                )
            }
            for body in ["[1]", "[[]]", #""a""#, "1"] {
                let response = try await server.api.call(.PUT, "/files/\(file)/metadata", text: body)
                server.expectRefusal(response, 400, 5006, "\(body)")
            }
        }
    }

    @Test("a name that is taken is refused without SQL in the log")
    func takenName() async throws {
        try await withTestServer(.live, arguments: ["--log-level", "info"]) { server in
            let file = try await server.api.uploadSmall("a")
            let folder = try await server.api.makeFolder("b")
            try await server.api.perform(.POST, "/files", ["name": "a", "type": "folder", "parent": .string(folder)])
            let before = server.log.count
            let calls: [(HTTPMethod, String, JSONValue)] = [
                (.PATCH, "/files/\(file)", ["name": "b"]),
                (.POST, "/files/\(file)/actions/move", ["parent": .string(folder)]),
                (.POST, "/files/\(file)/actions/copy", ["project": "admin/uploads"]),
            ]
            for (method, path, body) in calls {
                let response = try await server.api.call(method, path, body)
                server.expectRefusal(response, 409, 5003, "\(path)")
            }
            let count = calls.count
            try await eventually("every request is logged") {
                server.log.dropFirst(before).split(separator: "\n").count { $0.contains("\"status\": 409") } == count
            }
            let lines = server.log.dropFirst(before).split(separator: "\n")
            #expect(lines.count == count, "one line per request: \(lines)")
            for line in lines {
                #expect(line.contains("info request"))
                for word in ["UPDATE", "INSERT", "constraint"] { #expect(!line.contains(word), "\(line)") }
            }
        }
    }
}
