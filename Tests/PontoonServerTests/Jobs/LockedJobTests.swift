import NIOHTTP1
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonApp
@testable import PontoonCore

/// Jobs whose projects are locked after the jobs were submitted.
@Suite(.timeLimit(.minutes(10)))
struct LockedJobTests {
    private static func setLock(_ isLocked: Bool, _ project: String, _ api: APIClient) async throws {
        try await api.perform(.PATCH, "/projects/\(project)", ["settings": ["locked": .bool(isLocked)]])
    }

    @Test("jobs that would change a locked project fail, and those that only read from it do not")
    func lockedBefore() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let (home, tree) = ("admin/uploads", try await Tree(api))
            let other = try await api.createProject("Other")
            let outside = try await api.uploadSmall("outside", project: other)
            let into: [JSONValue] = [["file": .string(outside), "project": .string(home)]]
            let away: [JSONValue] = [tree.outer, tree.top].map { ["file": .string($0), "project": .string(other)] }
            let within: [JSONValue] = [["file": .string(tree.top), "parent": .string(tree.inner), "name": "new"]]
            var refused: [String] = []
            for (kind, items) in [(FileJob.Kind.copy, into), (.move, into), (.copy, within), (.move, within)] {
                refused.append(try await api.acceptedJob(kind, items))
            }
            for kind in [FileJob.Kind.move, .delete] { refused.append(try await api.acceptedJob(kind, away)) }
            let copies = try await api.acceptedJob(.copy, away)
            let before = try await api.tree(try await api.root())
            try await Self.setLock(true, home, api)
            try await server.runJobs()
            for path in refused {
                let job = try await api.call(.GET, path)
                #expect(job["state"] == "FINISHED" && job["completed_files"] == 0 && job["failed_files"] != 0)
                let codes = try job.results.map { $0["error"]?["code"]?.integer }
                #expect(!codes.isEmpty && codes.allSatisfy { $0 == 57431 }, "\(job.bodyText)")
            }
            #expect(try await api.tree(try await api.root()) == before)
            let job = try await api.call(.GET, copies)
            #expect(job["completed_files"] == 3 && job["failed_files"] == 0, "\(job.bodyText)")
            let names = ["outer", "outer/a", "outer/empty", "outer/inner", "outer/inner/b", "outside", "top"]
            #expect(try await api.tree(try await api.root(of: other)).keys.sorted() == names)
        }
    }

    /// A kind of job, and which project is locked: the destination or the source.
    struct Case: Sendable {
        let kind: FileJob.Kind
        let locksDestination: Bool
    }

    @Test(
        "a job whose project is locked while it runs loses no data, and can be repeated after the unlock",
        arguments: [
            Case(kind: .copy, locksDestination: true), Case(kind: .move, locksDestination: true),
            Case(kind: .move, locksDestination: false), Case(kind: .delete, locksDestination: false),
        ]
    )
    func lockedMeanwhile(_ test: Case) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let tree = try await Tree(api)
            let other = try await api.createProject("Other")
            let items: [JSONValue] = [["file": .string(tree.outer), "project": .string(other)]]
            let path = try await api.acceptedJob(test.kind, items)
            // Stops after the file `a` was processed and before the file `inner/b` is.
            try await server.stepJob { store in
                let job = try await store.fileJob(path.jobID)
                let folder = try await store.folder(ofFileJob: path.jobID, depth: 2)
                return job?.progress.state == .running && folder?.source == tree.inner
            }
            let locked = test.locksDestination ? other : "admin/uploads"
            try await Self.setLock(true, locked, api)
            try await server.runJobs()
            let job = try await api.call(.GET, path)
            #expect(job["state"] == "FINISHED")
            // Each of the two unfinished folders counts as one failed file.
            #expect(job["completed_files"] == 1 && job["failed_files"] == 2, "\(job.bodyText)")
            let left = try await api.tree(try await api.root())
            #expect(left["outer/inner/b"] != nil && left["top"] == tree.top)
            #expect((left["outer/a"] != nil) == (test.kind == .copy))
            try await Self.setLock(false, locked, api)
            let again = try await api.acceptedJob(test.kind, items)
            try await server.runJobs()
            #expect(try await api.call(.GET, again)["failed_files"] == 0)
            let names = Set(try await api.tree(try await api.root()).keys)
            #expect(names.contains("outer/inner/b") == (test.kind == .copy))
        }
    }
}
