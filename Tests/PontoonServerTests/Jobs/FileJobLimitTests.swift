import Foundation
import NIOHTTP1
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonApp

/// Limits of single jobs, and fairness between the jobs of different users.
@Suite(.timeLimit(.minutes(10)))
struct FileJobLimitTests {
    @Test("a job that copies its own copies stops at the maximum number of files and folders")
    func doubling() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let (a, b) = (try await api.makeFolder("a"), try await api.makeFolder("b"))
            _ = try await api.uploadSmall("x", in: a)
            // Each item copies a folder together with all earlier copies in it, so the last copies would have millions
            // of files.
            let items: [JSONValue] = (0..<20).flatMap { index -> [JSONValue] in
                [
                    ["file": .string(a), "parent": .string(b), "name": .string("i\(index)")],
                    ["file": .string(b), "parent": .string(a), "name": .string("j\(index)")],
                ]
            }
            let path = try await api.acceptedJob(.copy, items)
            let metadata = server.app.stores.metadata
            let worker = server.jobWorker(maximumEntries: 50, turn: .zero)
            while try await worker.runOnce() {
                let progress = try #require(try await metadata.fileJob(path.jobID)).progress
                guard progress.state == .running else { continue }
                #expect(progress.totalFiles >= progress.completedFiles + progress.failedFiles)
                #expect(progress.entries <= 50)
            }
            let job = try await api.call(.GET, path)
            #expect(job["state"] == "FINISHED")
            let numbers = ["total_files", "completed_files", "failed_files"].compactMap { job[$0]?.integer }
            #expect(numbers.count == 3 && numbers.first == numbers.dropFirst().reduce(0, +), "\(numbers)")
            let results = try job.results
            #expect(results.count == 40 && results.first?["resource"]?.string("name") == "i0")
            let error = results.last?["error"]
            #expect(error?["code"] == 90007 && error?["status"] == 409)
            // Each of the 50 files and folders that the job has processed has a new copy.
            #expect(try await api.tree(try await api.root()).count == 3 + 50)
        }
    }

    @Test("a job may process exactly the maximum number of files and folders", arguments: [FileJob.Kind.copy, .move])
    func exactly(_ kind: FileJob.Kind) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let target = try await api.makeFolder("target")
            let path = try await api.acceptedJob(kind, [["file": .string(tree.outer), "parent": .string(target)]])
            let worker = server.jobWorker(maximumEntries: 5)
            while try await worker.runOnce() {}
            let job = try await api.call(.GET, path)
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [2, 2, 0])
            let names = ["outer", "outer/a", "outer/empty", "outer/inner", "outer/inner/b"]
            #expect(try await api.tree(target).keys.sorted() == names)
        }
    }

    @Test("files and folders beyond the maximum are not changed", arguments: FileJob.Kind.allCases)
    func rest(_ kind: FileJob.Kind) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let target = try await api.makeFolder("target")
            let items: [JSONValue] = [tree.outer, tree.top].map { file in
                kind == .delete ? ["file": .string(file)] : ["file": .string(file), "parent": .string(target)]
            }
            let path = try await api.acceptedJob(kind, items)
            let worker = server.jobWorker(maximumEntries: 4)
            while try await worker.runOnce() {}
            let job = try await api.call(.GET, path)
            // The file `outer/a` was completed. The folder `outer`, whose file `inner/b` was not processed, and the
            // file `top` failed.
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [3, 1, 2])
            #expect(try job.results.map { $0["error"]?["code"] } == [90007, 90007])
            let all = ["outer", "outer/a", "outer/empty", "outer/inner", "outer/inner/b", "target", "top"]
            let done: Set = ["outer/a", "outer/empty"]
            let left = try await api.tree(try await api.root()).keys.filter { !$0.hasPrefix("target/") }.sorted()
            #expect(left == (kind == .copy ? all : all.filter { !done.contains($0) }))
            let created = kind == .delete ? [] : ["outer", "outer/a", "outer/empty", "outer/inner"]
            #expect(try await api.tree(target).keys.sorted() == created)
        }
    }

    @Test("a user with many jobs does not delay the job of another user")
    func turns() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let file = try await api.uploadSmall("a")
            let item: JSONValue = ["file": .string(file), "project": "admin/uploads", "name": "b"]
            for _ in 0..<30 { _ = try await api.acceptedJob(.copy, [item]) }
            let member = try await server.addUser("member")
            let own = try await member.createProject("Own")
            let mine = try await member.uploadSmall("mine", project: own)
            server.clock.advance(by: .seconds(60))
            let copy: JSONValue = ["file": .string(mine), "project": .string(own), "name": "copy"]
            let path = try await member.acceptedJob(.copy, [copy])
            let worker = server.jobWorker(turn: .zero)
            // The member's job takes five steps, and each of the two users gets every second turn.
            for _ in 0..<10 {
                server.clock.advance(by: .seconds(1))
                #expect(try await worker.runOnce())
            }
            #expect(try await member.call(.GET, path)["state"] == "FINISHED")
        }
    }

    @Test("jobs create folders at most 200 levels deep, and delete deeper ones")
    func levels() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            var path: [String] = []
            for _ in 0..<FolderRules.maximumLevel { path.append(try await api.makeFolder("f", in: path.last)) }
            let last = try #require(path.last)
            let above = path[path.count - 2]
            let body: JSONValue = ["parent": .string(last), "name": "x", "type": "folder"]
            server.expectRefusal(try await api.call(.POST, "/files", body), 409, 90007)
            let outer = try await api.makeFolder("outer")
            let inner = try await api.makeFolder("inner", in: outer)
            _ = try await api.uploadSmall("file", in: inner)
            server.expectRefusal(try await api.move(outer, ["parent": .string(last)]), 409, 90007)
            let item: JSONValue = ["file": .string(outer), "parent": .string(last)]
            let refusal = try await api.submitJob(.copy, [item])
            server.expectRefusal(refusal, 409, 90007)
            #expect(try refusal.text("message").hasPrefix("Item 1: "))
            let job = try await api.acceptedJob(.copy, [["file": .string(outer), "parent": .string(above)]])
            try await server.runJobs()
            let response = try await api.call(.GET, job)
            #expect(["total_files", "completed_files", "failed_files"].map { response[$0] } == [1, 0, 1])
            #expect(try response.results.first?["error"]?["code"] == 90007)
            #expect(try await api.tree(above).keys.sorted() == ["f", "outer"])
            // A job can delete a folder with any number of levels.
            let deletion = try await api.acceptedJob(.delete, [["file": .string(try #require(path.first))]])
            try await server.runJobs()
            #expect(try await api.call(.GET, deletion)["failed_files"] == 0)
            let left = try await api.tree(try await api.root()).keys.sorted()
            #expect(left == ["outer", "outer/inner", "outer/inner/file"])
        }
    }
}

extension TestServer {
    /// Returns a worker that uses the server's clock.
    fileprivate func jobWorker(
        maximumEntries: Int = FileJobRules.maximumEntries,
        turn: Duration = .seconds(1)
    ) -> FileJobWorker {
        let clock = clock
        return FileJobWorker(
            metadata: app.stores.metadata,
            objects: app.stores.storage.store,
            leaseDuration: nil,
            turn: turn,
            maximumEntries: maximumEntries,
            now: { clock.now }
        )
    }
}
