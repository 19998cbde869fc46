import Foundation
import NIOHTTP1
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonApp
@testable import PontoonCore

/// Jobs whose files and folders are moved or deleted by other calls while the job is running.
@Suite(.timeLimit(.minutes(10)))
struct FileJobPlaceTests {
    @Test("a subfolder that is moved away keeps its contents", arguments: FileJob.Kind.allCases)
    func subfolder(_ kind: FileJob.Kind) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let (keep, target) = (try await api.makeFolder("keep"), try await api.makeFolder("target"))
            let path = try await api.acceptedJob(kind, [["file": .string(tree.outer), "parent": .string(target)]])
            try await server.stepJob { store in
                let job = try await store.fileJob(path.jobID)
                let folder = try await store.folder(ofFileJob: path.jobID, depth: 2)
                return job?.progress.state == .running && folder?.source == tree.inner
            }
            #expect(try await api.move(tree.inner, ["parent": .string(keep)]).status == 200)
            try await server.runJobs()
            let job = try await api.call(.GET, path)
            #expect(job["state"] == "FINISHED")
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [1, 1, 0])
            var expected: Set = ["keep", "keep/inner", "keep/inner/b", "target", "top"]
            if kind != .delete {
                expected.formUnion(["target/outer", "target/outer/a", "target/outer/empty", "target/outer/inner"])
            }
            if kind == .copy { expected.formUnion(["outer", "outer/a", "outer/empty"]) }
            #expect(try await Set(api.tree(try await api.root()).keys) == expected)
        }
    }

    @Test("an item that is moved away keeps its contents, and fails", arguments: FileJob.Kind.allCases)
    func item(_ kind: FileJob.Kind) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let (keep, target) = (try await api.makeFolder("keep"), try await api.makeFolder("target"))
            let items: [JSONValue] = [tree.outer, tree.top].map { ["file": .string($0), "parent": .string(target)] }
            let path = try await api.acceptedJob(kind, items)
            try await server.stepJob { store in
                let job = try await store.fileJob(path.jobID)
                return job?.progress.state == .running && job?.progress.depth == 1
            }
            #expect(try await api.move(tree.outer, ["parent": .string(keep)]).status == 200)
            try await server.runJobs()
            let job = try await api.call(.GET, path)
            #expect(job["state"] == "FINISHED")
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [2, 1, 1])
            let results = try job.results
            #expect(results.first?["error"]?["code"] == 57432)
            #expect(results.last?["resource"] != nil, "the other item is processed")
            let kept = try await api.tree(keep)
            #expect(kept.keys.sorted() == ["outer", "outer/a", "outer/empty", "outer/inner", "outer/inner/b"])
        }
    }

    @Test("an item that another call has already deleted counts as deleted")
    func deletedItem() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let folder = try await api.makeFolder("folder")
            let path = try await api.acceptedJob(.delete, [["file": .string(folder)]])
            try await server.stepJob { store in
                let job = try await store.fileJob(path.jobID)
                return job?.progress.state == .running && job?.progress.depth == 1
            }
            #expect(try await api.call(.DELETE, "/files/\(folder)").status == 204)
            try await server.runJobs()
            let job = try await api.call(.GET, path)
            #expect(job["state"] == "FINISHED" && job["failed_files"] == 0)
            #expect(try job.results == [["resource": ["id": .string(folder)]]])
        }
    }

    @Test(
        "files that were moved or renamed after their folder was read stay in the other project or keep the new name",
        arguments: FileJob.Kind.allCases
    )
    func readEntries(_ kind: FileJob.Kind) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let page = try await api.makeFolder("page")
            _ = try await api.uploadSmall("1", in: page)
            let second = try await api.uploadSmall("2", in: page)
            let third = try await api.uploadSmall("3", in: page)
            let target = try await api.makeFolder("target")
            let other = try await api.createProject("Other")
            let path = try await api.acceptedJob(kind, [["file": .string(page), "parent": .string(target)]])
            try await server.finishJob { store in
                let job = try await store.fileJob(path.jobID)
                let folder = try await store.folder(ofFileJob: path.jobID, depth: 1)
                return job?.progress.state == .running && folder?.after == "1"
            } then: {
                let item: JSONValue = ["file": .string(second), "project": .string(other)]
                let move = try await api.acceptedJob(.move, [item])
                try await server.runJobs()
                #expect(try await api.call(.GET, move)["completed_files"] == 1)
                try await api.perform(.PATCH, "/files/\(third)", ["name": "0"])
            }
            let job = try await api.call(.GET, path)
            #expect(job["state"] == "FINISHED")
            #expect(["total_files", "completed_files", "failed_files"].map { job[$0] } == [2, 2, 0])
            #expect(try await api.tree(try await api.root(of: other)) == ["2": second])
            var expected: Set = ["target"]
            if kind != .delete { expected.formUnion(["target/page", "target/page/0", "target/page/1"]) }
            if kind == .copy { expected.formUnion(["page", "page/0", "page/1"]) }
            #expect(try await Set(api.tree(try await api.root()).keys) == expected)
        }
    }
}

extension TestServer {
    /// Runs the only unfinished job to its end in one turn, and makes a change in the middle.
    ///
    /// After the change, the job continues with the folder entries that it read before.
    ///
    /// - Parameters:
    ///   - isReached: Called before each step until it returns `true`. The change is then made.
    ///   - change: Makes the change, as another client would.
    /// - Throws: The errors of the closures and of the store; ``ExpectationFailedError`` if the job ends early.
    fileprivate func finishJob(
        until isReached: (any MetadataStore) async throws -> Bool,
        then change: () async throws -> Void
    ) async throws {
        let (metadata, clock) = (app.stores.metadata, clock)
        let leases = LeaseRenewer(duration: nil, now: { clock.now })
        let lease = leases.new()
        let job = try #require(try await metadata.leaseFileJob(lease, now: clock.now))
        let reports = FileJobReports(audit: nil, now: { clock.now })
        var run = FileJobRun(job, leaseID: lease.id, leases: leases, metadata: metadata, reports: reports)
        while try await !isReached(metadata) {
            let isUnfinished = try await run.advance()
            try #require(isUnfinished, "the job has finished")
        }
        try await change()
        while try await run.advance() {}
        try await metadata.releaseFileJob(job.id, leaseID: lease.id, now: clock.now)
    }
}
