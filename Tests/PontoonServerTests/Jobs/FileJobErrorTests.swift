import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonApp

/// Refusals of jobs, and failures of their items.
@Suite(.timeLimit(.minutes(10)))
struct FileJobErrorTests {
    @Test("a job with an invalid item is refused with the platform's codes, and no item is processed")
    func refusals() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let root = try await api.root()
            let member = try await server.addUser("member")
            try await server.addMember("member", of: "admin/uploads", rights: ["read"])
            let own = try await member.createProject("Own")
            let (outer, inner) = (JSONValue.string(tree.outer), JSONValue.string(tree.inner))
            let a = JSONValue.string(tree.a)
            let absent = JSONValue.string("0123456789abcdef01234567")
            let upload: JSONValue = "admin/uploads"
            func refuse(
                _ api: APIClient,
                _ kinds: [FileJob.Kind],
                _ items: [JSONValue],
                _ status: Int,
                _ codes: Int64...,
                line: Int = #line
            ) async throws {
                for (index, kind) in kinds.enumerated() {
                    let response = try await api.submitJob(kind, items)
                    let code = codes[min(index, codes.count - 1)]
                    server.expectRefusal(response, status, code, "\(kind), line \(line)")
                }
            }
            let all = FileJob.Kind.allCases
            let placing: [FileJob.Kind] = [.copy, .move]
            try await refuse(api, all, [], 400, 57429)
            try await refuse(api, all, ["x"], 400, 57429)
            try await refuse(api, all, [["project": upload]], 400, 57002)
            try await refuse(api, all, [["file": "", "project": upload]], 400, 57002)
            try await refuse(api, all, [["file": 1]], 400, 57429)
            try await refuse(api, placing, [["file": a]], 400, 57003)
            try await refuse(api, placing, [["file": a, "parent": "", "project": ""]], 400, 57003)
            try await refuse(api, placing, [["file": a, "parent": inner, "project": upload]], 400, 57429)
            try await refuse(api, placing, [["file": a, "project": "uploads"]], 400, 57429)
            try await refuse(api, all, [["file": absent, "project": upload]], 404, 57432)
            try await refuse(api, placing, [["file": a, "parent": absent]], 404, 57432)
            try await refuse(api, placing, [["file": a, "project": "admin/none"]], 404, 57432)
            try await refuse(api, placing, [["file": outer, "parent": a]], 400, 57021)
            try await refuse(api, placing, [["file": a, "parent": inner, "name": "x/y"]], 400, 57018)
            try await refuse(api, placing, [["file": inner, "project": upload, "name": "__x"]], 400, 57019)
            try await refuse(api, placing, [["file": .string(root), "parent": inner]], 400, 57020, 57022)
            try await refuse(api, [.delete], [["file": .string(root)]], 400, 5023)
            try await refuse(api, placing, [["file": a, "parent": outer]], 400, 57009, 57011)
            try await refuse(api, placing, [["file": outer, "parent": inner]], 400, 57010, 57012)
            try await refuse(api, placing, [["file": outer, "parent": outer, "name": "x"]], 400, 57010, 57012)
            let twice: JSONValue = ["file": a, "project": upload]
            try await refuse(api, all, [twice, twice], 400, 57008)
            let many = (0...FileJobRules.maximumItems).map { _ in twice }
            try await refuse(api, all, many, 400, 57429)
            // The member may read the project, but neither copy nor write.
            try await refuse(member, [.copy, .move, .delete], [["file": a, "project": .string(own)]], 403, 57431)
            let mine = JSONValue.string(try await member.uploadSmall("mine", project: own))
            try await refuse(member, placing, [["file": mine, "project": upload]], 403, 57431)
            let stranger = try await server.addUser("stranger")
            try await refuse(stranger, all, [["file": a, "project": upload]], 404, 57432)
            for kind in all {
                let path = "/async/files/\(kind.rawValue)"
                server.expectRefusal(try await api.call(.POST, path, ["files": []]), 400, 57429)
                server.expectRefusal(try await api.call(.POST, path, text: "{"), 400, 57429)
                server.expectRefusal(try await api.call(.GET, "\(path)/none"), 404, 57039)
            }
            let message = try await api.submitJob(.delete, [["file": a], ["file": absent]]).text("message")
            #expect(message.hasPrefix("Item 2: "))
            #expect(try await api.listed("/async/files") == [], "no job was submitted")
        }
    }

    @Test("an item that fails does not affect the others")
    func failures() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let target = try await api.makeFolder("target")
            let gone = try await api.uploadSmall("gone")
            let items: [JSONValue] = [gone, tree.top].map { ["file": .string($0), "parent": .string(target)] }
            let path = try await api.acceptedJob(.copy, items)
            #expect(try await api.call(.DELETE, "/files/\(gone)").status == 204)
            try await server.runJobs()
            let job = try await api.call(.GET, path)
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [2, 1, 1])
            let results = try job.results
            #expect(results.first?["error"]?["code"] == 57432 && results.first?["error"]?["status"] == 404)
            #expect(results.first?["error"]?["more_info"] != nil && results.first?["resource"] == nil)
            #expect(results.last?["resource"]?.string("name") == "top" && results.last?["error"] == nil)
            #expect(try await api.tree(target).keys.sorted() == ["top"])
        }
    }

    @Test("permissions are checked when the job runs")
    func lostPermission() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let member = try await server.addUser("member")
            try await server.addMember("member", of: "admin/uploads", rights: ["read", "copy", "write"])
            let own = try await member.createProject("Own")
            let copies = try await member.acceptedJob(
                .copy,
                [tree.outer, tree.top].map { ["file": .string($0), "project": .string(own)] }
            )
            let deletion = try await member.acceptedJob(.delete, [["file": .string(tree.outer)]])
            let permissions: JSONValue = [
                "read": true, "copy": false, "write": false, "execute": false, "admin": false,
            ]
            try await api.perform(.PUT, "/projects/admin/uploads/members/member/permissions", permissions)
            try await server.runJobs()
            for (path, failed) in [(copies, 2), (deletion, 1)] {
                let job = try await member.call(.GET, path)
                #expect(job["completed_files"] == 0 && job["failed_files"] == .integer(Int64(failed)))
                #expect(try job.results.allSatisfy { $0["error"]?["code"] == 57431 })
            }
            #expect(try await api.tree(try await api.root()).count == 6)
            #expect(try await member.tree(try await member.root(of: own)) == [:])
        }
    }

    @Test("a job stops if its token is revoked or its user disabled")
    func revokedToken() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let created = try await api.call(.POST, "/tokens", ["name": "stolen"])
            let client = server.client(token: try created.text("token"))
            let path = try await client.acceptedJob(.delete, [["file": .string(tree.outer)]])
            #expect(try await api.call(.DELETE, "/tokens/\(try created.text("id"))").status == 204)
            let user = try await server.addUser("other")
            try await server.addMember("other", of: "admin/uploads", rights: ["read", "write"])
            let second = try await user.acceptedJob(.delete, [["file": .string(tree.top)]])
            try await server.withUsers { try await $0.disable("other") }
            try await server.runJobs()
            #expect(try await api.tree(try await api.root()).count == 6)
            let job = try await api.call(.GET, path)
            #expect(job["state"] == "FINISHED" && job["failed_files"] == 1)
            #expect(try job.results.first?["error"]?["code"] == 90001)
            try await server.withUsers { try await $0.enable("other") }
            #expect(try await user.call(.GET, second).results.first?["error"]?["code"] == 90001)
        }
    }

    @Test("copies that exceed a quota fail, and the files that fit are copied")
    func quota() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let other = try await api.createProject("Other")
            let id = try #require(ProjectID(other))
            _ = try await server.app.stores.metadata.setQuota(QuotaChange(bytes: .limit(2)), of: .project(id))
            let path = try await api.acceptedJob(.copy, [["file": .string(tree.outer), "project": .string(other)]])
            try await server.runJobs()
            let job = try await api.call(.GET, path)
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [2, 1, 1])
            let error = try job.results.first?["error"]
            #expect(error?["code"] == 90007 && error?["status"] == 409)
            let copies = try await api.tree(try await api.root(of: other))
            #expect(copies.keys.sorted() == ["outer", "outer/a", "outer/empty", "outer/inner"])
        }
    }

    @Test("a folder that cannot be emptied is not deleted, and the reason is the first failure")
    func notEmpty() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let other = try await api.createProject("Other")
            let id = try #require(ProjectID(other))
            _ = try await server.app.stores.metadata.setQuota(QuotaChange(files: .limit(1)), of: .project(id))
            let path = try await api.acceptedJob(.move, [["file": .string(tree.outer), "project": .string(other)]])
            try await server.runJobs()
            let job = try await api.call(.GET, path)
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [2, 1, 1])
            #expect(try job.results.first?["error"]?["code"] == 90007)
            let left = try await api.tree(try await api.root())
            #expect(left.keys.sorted() == ["outer", "outer/inner", "outer/inner/b", "top"])
            let moved = try await api.tree(try await api.root(of: other))
            #expect(moved.keys.sorted() == ["outer", "outer/a", "outer/empty", "outer/inner"])
        }
    }

    @Test("a destination that was moved into the source does not make the job endless")
    func movedDestination() async throws {
        for kind in [FileJob.Kind.copy, .move] {
            try await withTestServer(arguments: smallParts) { server in
                let api = server.api
                let tree = try await Tree(api)
                let target = try await api.makeFolder("target")
                let path = try await api.acceptedJob(kind, [["file": .string(tree.outer), "parent": .string(target)]])
                try await server.stepJob { store in
                    try await store.folder(ofFileJob: path.jobID, depth: 1)?.destination != nil
                }
                #expect(try await api.move(target, ["parent": .string(tree.outer), "name": "z"]).status == 200)
                try await server.runJobs()
                let job = try await api.call(.GET, path)
                #expect(job["state"] == "FINISHED" && job["failed_files"] == 1)
                #expect(try job.results.first?["error"]?["code"] == (kind == .copy ? 57006 : 57016))
            }
        }
    }

    @Test("a token that is limited to projects shows only jobs that were submitted with it")
    func limitedToken() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let file = try await server.api.uploadSmall("a")
            let uploads = ProjectID(owner: "admin", shortName: "uploads")
            let details = TokenDetails(rights: TokenRights(projects: [uploads]))
            let limited = server.client(token: try await server.createToken(for: "admin", details))
            let item: JSONValue = ["file": .string(file), "project": "admin/uploads", "name": "b"]
            let own = try await limited.acceptedJob(.copy, [item])
            let other = try await server.api.acceptedJob(.copy, [item])
            #expect(try await limited.listed("/async/files", "href") == [server.endpoint + own])
            #expect(try await limited.call(.GET, own).status == 200)
            server.expectRefusal(try await limited.call(.GET, other), 404, 57039)
            #expect(try await server.api.listed("/async/files").count == 2)
        }
    }

    @Test("a user has at most 100 unfinished jobs")
    func limit() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let file = try await server.api.uploadSmall("a")
            let item: JSONValue = ["file": .string(file), "project": "admin/uploads", "name": "b"]
            for _ in 0..<FileJobRules.maximumUnfinishedJobs { _ = try await server.api.acceptedJob(.copy, [item]) }
            server.expectRefusal(try await server.api.submitJob(.copy, [item]), 409, 90007)
            try await server.runJobs()
            #expect(try await server.api.submitJob(.copy, [item]).status == 201)
            #expect(try await server.api.tree(try await server.api.root()).count == 101)
        }
    }
}

extension String {
    /// The id at the end of a job's path.
    var jobID: String { split(separator: "/").last.map(String.init) ?? "" }
}
