import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonMetadata
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonApp

/// Jobs that copy, move and delete files and folders in the background.
@Suite(.timeLimit(.minutes(10)))
struct FileJobTests {
    @Test("a folder is copied with its contents to another project, where the copies have new ids")
    func copies() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let other = try await api.createProject("Other")
            let path = try await api.acceptedJob(
                .copy,
                [
                    ["file": .string(tree.outer), "project": .string(other), "name": "copy", "parent": ""],
                    ["file": .string(tree.top), "project": .string(other), "name": ""],
                ]
            )
            let submitted = try await api.call(.GET, path)
            #expect(submitted["state"] == "SUBMITTED" && submitted["result"] == [] && submitted["started_on"] == nil)
            try await server.runJobs()
            let root = try await api.root(of: other)
            let copies = try await api.tree(root)
            let names = ["copy", "copy/a", "copy/empty", "copy/inner", "copy/inner/b", "top"]
            #expect(copies.keys.sorted() == names)
            let originals = try await api.tree(try await api.root())
            #expect(Set(originals.keys) == ["outer", "outer/a", "outer/empty", "outer/inner", "outer/inner/b", "top"])
            #expect(Set(originals.values).isDisjoint(with: copies.values))
            let copy = try await api.call(.GET, "/files/\(try #require(copies["copy/inner/b"]))")
            #expect(copy["metadata"] == ["k": "v"] && copy["size"] == 2 && copy["project"] == .string(other))
            #expect(try await api.download(try #require(copies["copy/inner/b"])) == ByteBuffer(string: "bb"))
            let job = try await api.call(.GET, path)
            #expect(job["type"] == "COPY" && job["state"] == "FINISHED")
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [3, 3, 0])
            #expect(job["started_on"] != nil && job["finished_on"] != nil)
            #expect(try job.text("href") == server.endpoint + path)
            let results = try job.results
            #expect(results.map { $0["resource"]?.string("id") } == [copies["copy"], copies["top"]])
            #expect(results.map { $0["resource"]?.string("type") } == ["folder", "file"])
            #expect(results.first?["resource"]?.string("parent") == root)
        }
    }

    @Test("a folder is moved between projects: its files keep their ids, and folders of the same name are merged")
    func moves() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let other = try await api.createProject("Other")
            let existing = try await api.makeFolder("outer", project: other)
            _ = try await api.uploadSmall("a", "other", in: existing)
            let before = try await api.tree(try await api.root())
            let path = try await api.acceptedJob(.move, [["file": .string(tree.outer), "project": .string(other)]])
            try await server.runJobs()
            let after = try await api.tree(try await api.root(of: other))
            let names = ["outer", "outer/1_a", "outer/a", "outer/empty", "outer/inner", "outer/inner/b"]
            #expect(after.keys.sorted() == names)
            #expect(after["outer"] == existing)
            #expect(after["outer/1_a"] == before["outer/a"] && after["outer/inner/b"] == before["outer/inner/b"])
            #expect(after["outer/inner"] != before["outer/inner"])
            #expect(try await api.tree(try await api.root()).keys.sorted() == ["top"])
            let job = try await api.call(.GET, path)
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [2, 2, 0])
            #expect(try job.results.first?["resource"]?.string("id") == existing)
            let moved = try #require(after["outer/inner/b"])
            #expect(try await api.download(moved) == ByteBuffer(string: "bb"))
            #expect(try await api.call(.GET, "/projects/admin/uploads")["usage"]?["files"] == 1)
            #expect(try await api.call(.GET, "/projects/\(other)")["usage"]?["files"] == 3)
        }
    }

    @Test("a folder is deleted with its contents, and the stored objects are removed")
    func deletes() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let tree = try await Tree(server.api)
            #expect(try server.finishedObjects() == 3)
            let items: [JSONValue] = [["file": .string(tree.outer)], ["file": .string(tree.top)]]
            let path = try await server.api.acceptedJob(.delete, items)
            try await server.runJobs()
            #expect(try await server.api.tree(try await server.api.root()) == [:])
            #expect(try server.finishedObjects() == 0)
            let job = try await server.api.call(.GET, path)
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [3, 3, 0])
            #expect(try job.results == items.map { ["resource": ["id": try #require($0["file"])]] })
        }
    }

    @Test("in a folder with more entries than are read at once, each entry is copied, moved or deleted once")
    func manyEntries() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            var tar = TarBuilder()
            for number in 0..<230 { tar.add("many/\(number % 3)/\(number)", Array("\(number)".utf8)) }
            for number in 0..<150 { tar.add("many/flat \(number)", [1]) }
            #expect(try await api.putArchive(tar.finished()).lines.count == 380)
            let names = try await api.tree(try await api.root()).keys.sorted()
            #expect(names.count == 384)
            let many = try #require(try await api.tree(try await api.root())["many"])
            let other = try await api.createProject("Other")
            let copy = try await api.acceptedJob(.copy, [["file": .string(many), "project": .string(other)]])
            try await server.runJobs()
            #expect(try await api.call(.GET, copy)["completed_files"] == 380)
            let copied = try await api.tree(try await api.root(of: other))
            #expect(copied.keys.sorted() == names)
            let target = try await api.makeFolder("target", project: other)
            let folder = try #require(copied["many"])
            let move = try await api.acceptedJob(.move, [["file": .string(folder), "parent": .string(target)]])
            try await server.runJobs()
            #expect(try await api.call(.GET, move)["completed_files"] == 380)
            #expect(try await api.tree(target).keys.sorted() == names)
            let deletion = try await api.acceptedJob(.delete, [["file": .string(many)], ["file": .string(target)]])
            try await server.runJobs()
            #expect(try await api.call(.GET, deletion)["completed_files"] == 760)
            #expect(try await api.tree(try await api.root()) == [:])
            #expect(try server.finishedObjects() == 0)
        }
    }

    @Test("a job continues after a restart of the server")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let path = try await withTestServer(on: data, arguments: smallParts) { server in
                let tree = try await Tree(server.api)
                let path = try await server.api.acceptedJob(.delete, [["file": .string(tree.outer)]])
                // Simulates a server that stops while it holds the lease.
                let lease = Lease(id: "lost", expiresOn: .distantFuture)
                let leased = try await server.app.stores.metadata.leaseFileJob(lease, now: Date())
                #expect(leased != nil)
                try await server.runJobs()
                #expect(try await server.api.call(.GET, path)["state"] == "SUBMITTED")
                return path
            }
            try await withTestServer(on: data) { server in
                try await server.runJobs()
                #expect(try await server.api.call(.GET, path)["state"] == "FINISHED")
                #expect(try await server.api.tree(try await server.api.root()).keys.sorted() == ["top"])
            }
        }
    }

    @Test("jobs are listed, newest first, without results")
    func lists() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let file = try await api.uploadSmall("a")
            let folder = try await api.makeFolder("folder")
            var paths: [String] = []
            let item: JSONValue = ["file": .string(file), "parent": .string(folder), "name": "b"]
            for kind in FileJob.Kind.allCases {
                server.clock.advance(by: .seconds(1))
                paths.insert(try await api.acceptedJob(kind, [item]), at: 0)
                try await server.runJobs()
            }
            let list = try await api.call(.GET, "/async/files")
            #expect(try list.entries.map { $0.string("href") } == paths.map { server.endpoint + $0 })
            #expect(try list.entries.map { $0.string("type") } == ["DELETE", "MOVE", "COPY"])
            #expect(try list.entries.allSatisfy { $0["result"] == nil && $0["completed_files"] == 1 })
            #expect(list.headers["X-Total-Matching-Query"] == ["3"])
            // The R client sends this with every call, and would mistake an empty list for the result.
            let all = try await api.call(.GET, "/async/files?fields=_all")
            #expect(try all.entries.count == 3 && all.entries.allSatisfy { $0["result"] == nil })
            let page = try await api.call(.GET, "/async/files?limit=1&offset=1&fields=type")
            #expect(try page.entries.map { $0.keys } == [["href", "type"]])
            #expect(try page.entries.first?.string("type") == "MOVE")
            #expect(try page.pageLinks.keys.sorted() == ["next", "prev"])
            let other = try await server.addUser("other")
            #expect(try await other.listed("/async/files") == [])
            for path in paths { server.expectRefusal(try await other.call(.GET, path), 404, 57039) }
            let wrongKind = try #require(paths.first).replacing("/delete/", with: "/copy/")
            server.expectRefusal(try await api.call(.GET, wrongKind), 404, 57039)
        }
    }

    @Test("finished jobs are kept for 30 days")
    func expiry() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let file = try await server.api.uploadSmall("a")
            let path = try await server.api.acceptedJob(.delete, [["file": .string(file)]])
            try await server.runJobs()
            server.clock.advance(by: .seconds(30 * 24 * 3600 - 60))
            #expect(await server.runMaintenance().errors.isEmpty)
            #expect(try await server.api.call(.GET, path).status == 200)
            server.clock.advance(by: .seconds(120))
            #expect(await server.runMaintenance().errors.isEmpty)
            server.expectRefusal(try await server.api.call(.GET, path), 404, 57039)
            #expect(try await server.api.listed("/async/files") == [])
        }
    }

    @Test("each change of a job has a line in the audit log")
    func audit() async throws {
        try await withTemporaryFolder { folder in
            let arguments = smallParts + ["--audit-log", folder.appending("audit.log").string]
            try await withTestServer(on: folder.appending("data"), arguments: arguments) { server in
                let tree = try await Tree(server.api)
                let target = try await server.api.makeFolder("target")
                let item: JSONValue = ["file": .string(tree.outer), "parent": .string(target)]
                let path = try await server.api.acceptedJob(.move, [item])
                try await server.runJobs()
                let lines = try await server.auditLines().drop { $0.string("action") != "job.submit" }
                let job = try #require(path.split(separator: "/").last.map(String.init))
                #expect(lines.first?.string("object") == job && lines.first?.string("name") == "move")
                let moves = lines.dropFirst()
                #expect(moves.allSatisfy { $0.string("job") == job && $0.string("user") == "admin" })
                #expect(moves.allSatisfy { $0.string("result") == "success" && $0.string("token")?.count == 12 })
                #expect(
                    moves.map { "\($0.string("action") ?? "") \($0.string("name") ?? "")" } == [
                        "folder.create outer", "file.move a", "folder.create empty", "file.delete ",
                        "folder.create inner", "file.move b", "file.delete ", "file.delete ",
                    ]
                )
                #expect(moves.allSatisfy { $0.string("project") == "admin/uploads" })
                #expect(moves.filter { $0.string("action") == "file.move" }.compactMap { $0["bytes"] } == [1, 2])
            }
        }
    }
}

/// Files in `admin/uploads`: `top`, and the folder `outer` with `a`, `empty/` and `inner/b`, which has metadata.
struct Tree {
    let outer: String
    let inner: String
    let top: String
    let a: String

    init(_ api: APIClient) async throws {
        outer = try await api.makeFolder("outer")
        _ = try await api.makeFolder("empty", in: outer)
        inner = try await api.makeFolder("inner", in: outer)
        a = try await api.uploadSmall("a", "a", in: outer)
        let b = try await api.uploadSmall("b", "bb", in: inner)
        try await api.perform(.PATCH, "/files/\(b)/metadata", ["k": "v"])
        top = try await api.uploadSmall("top", "top")
    }
}

extension TestServer {
    /// Runs all jobs that are not leased, as a running server does in the background.
    func runJobs() async throws {
        while try await app.jobs.runOnce() {}
    }

    /// Runs steps of the only job, one after another, until `isReached` returns `true`.
    ///
    /// - Throws: ``ExpectationFailedError`` if the job finishes before.
    func stepJob(until isReached: (any MetadataStore) async throws -> Bool) async throws {
        let (metadata, objects) = (app.stores.metadata, app.stores.storage.store)
        let worker = FileJobWorker(metadata: metadata, objects: objects, leaseDuration: nil, turn: .zero)
        while try await !isReached(metadata) {
            let isWaiting = try await worker.runOnce()
            try #require(isWaiting, "the job has finished")
        }
    }
}

extension APIResponse {
    /// The results of a job.
    var results: [JSONValue] {
        get throws {
            guard case .array(let results) = self["result"] else {
                throw UnexpectedResponse(description: "no results: \(bodyText)")
            }
            return results
        }
    }
}
