import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Jobs whose server is killed or suspended while it works on them.
@Suite(.serialized, .timeLimit(.minutes(20)), .tags(.endToEnd))
struct FileJobCrashTests {
    /// Maximum time to wait for the largest job.
    private static let deadline = Duration.seconds(300)

    /// Repeats a test with more files until its job is interrupted before it is finished.
    ///
    /// - Parameter test: Receives the number of files; returns whether the job was interrupted.
    /// - Throws: The errors of the test.
    private static func repeatUntilInterrupted(_ test: (Int) async throws -> Bool) async throws {
        for files in [1500, 6000, 24_000] {
            if try await test(files) { return }
        }
        Issue.record("every job was finished before its server was interrupted")
    }

    /// Stores an archive of files in a folder with three levels.
    ///
    /// - Returns: The id of the folder.
    private static func fill(_ files: Int, _ api: APIClient) async throws -> String {
        var tar = TarBuilder()
        for number in 0..<files {
            tar.add("data/\(number % 7)/\(number % 3)/\(number)", Array("\(number)".utf8))
        }
        let stored = try await api.putArchive(tar.finished())
        #expect(stored.lines.count == files)
        let list = try await api.call(.GET, "/files?project=admin/uploads&name=data")
        return try #require(try list.entries.first?.string("id"))
    }

    /// Waits until more than 20 files are processed, or the job is finished.
    private static func waitForSome(_ path: String, _ api: APIClient) async throws {
        try await eventually("some files are processed", within: deadline) {
            let job = try await api.call(.GET, path)
            return job["state"] == "FINISHED" || (job["completed_files"]?.integer ?? 0) > 20
        }
    }

    /// Waits until the job is finished, and checks that each file was processed once.
    ///
    /// - Returns: `true` if the job was certainly finished after `time`. The server returns only whole seconds.
    private static func expectEnd(
        _ path: String,
        _ files: Int,
        after time: Date,
        _ api: APIClient
    ) async throws -> Bool {
        try await eventually("the job is finished", within: deadline) {
            try await api.call(.GET, path)["state"] == "FINISHED"
        }
        let job = try await api.call(.GET, path)
        let numbers = ["total_files", "completed_files", "failed_files"].map { job[$0]?.integer }
        #expect(numbers == [Int64(files), Int64(files), 0], "\(job.bodyText)")
        return try Date(try job.text("finished_on"), strategy: .iso8601) >= time
    }

    /// Checks that a folder contains each of the files and folders once.
    private static func expectTree(_ folder: String, _ files: Int, _ api: APIClient) async throws {
        var expected: Set = ["data"]
        for number in 0..<files {
            let (outer, inner) = ("data/\(number % 7)", "data/\(number % 7)/\(number % 3)")
            expected.formUnion([outer, inner, "\(inner)/\(number)"])
        }
        let tree = try await api.tree(folder)
        #expect(Set(tree.keys) == expected)
        let sample = try #require(tree["data/4/2/11"])
        #expect(try await String(buffer: api.download(sample)) == "11")
    }

    @Test(
        "after kill -9, the next start finishes the job, and no file is copied, moved or deleted twice",
        arguments: FileJob.Kind.allCases
    )
    func restart(_ kind: FileJob.Kind) async throws {
        try await Self.repeatUntilInterrupted { files in
            try await withTemporaryFolder { folder in
                let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
                let (job, status) = try await withServer(options) { server in
                    let source = try await Self.fill(files, server.api)
                    let target = try await server.api.makeFolder("target")
                    let item: JSONValue = ["file": .string(source), "parent": .string(target)]
                    let path = try await server.api.acceptedJob(kind, [item])
                    try await Self.waitForSome(path, server.api)
                    server.signal(SIGKILL)
                    return (path: path, source: source, target: target)
                }
                #expect(status == .signaled(SIGKILL))
                let interruption = Date()
                return try await withServer(options) { server in
                    let wasInterrupted = try await Self.expectEnd(job.path, files, after: interruption, server.api)
                    let root = try await server.api.root()
                    let left = try await server.api.tree(root).filter { !$0.key.contains("/") }
                    let source = kind == .copy ? ["data": job.source] : [:]
                    #expect(left == source.merging(["target": job.target]) { old, _ in old })
                    if kind == .delete {
                        #expect(try await server.api.tree(job.target) == [:])
                    } else {
                        try await Self.expectTree(job.target, files, server.api)
                    }
                    // The objects of deleted files are removed once the job is finished, or by the next maintenance.
                    let objects = kind == .delete ? 0 : files
                    try await eventually("\(objects) objects are left", within: Self.deadline) {
                        try server.finishedObjects() == objects
                    }
                    return wasInterrupted
                }.value
            }
        }
    }

    @Test("if a server dies, another one finishes its job", .tags(.needsPostgreSQL))
    func takeover() async throws {
        try await Self.repeatUntilInterrupted { files in
            let wasInterrupted = Switch()
            try await Cluster.with { cluster in
                try await withServer(cluster.options(0)) { first in
                    try await withServer(cluster.options(1)) { second in
                        let job = try await Self.startJob(.move, files, on: first, suspending: second)
                        first.signal(SIGKILL)
                        let interruption = Date()
                        second.signal(SIGCONT)
                        if try await Self.expectEnd(job.path, files, after: interruption, second.api) {
                            wasInterrupted.turnOn()
                        }
                        try await Self.expectTree(try await second.api.root(of: job.target), files, second.api)
                        let root = try await second.api.root()
                        #expect(try await second.api.tree(root) == [:])
                    }
                }
            }
            return wasInterrupted.isOn
        }
    }

    @Test("a server that was suspended for longer than its lease does nothing twice", .tags(.needsPostgreSQL))
    func suspended() async throws {
        try await Self.repeatUntilInterrupted { files in
            let wasInterrupted = Switch()
            try await Cluster.with { cluster in
                try await withServer(cluster.options(0)) { first in
                    try await withServer(cluster.options(1)) { second in
                        let job = try await Self.startJob(.copy, files, on: first, suspending: second)
                        first.signal(SIGSTOP)
                        let interruption = Date()
                        second.signal(SIGCONT)
                        // The second server continues the job, because the first one cannot.
                        if try await Self.expectEnd(job.path, files, after: interruption, second.api) {
                            wasInterrupted.turnOn()
                        }
                        first.signal(SIGCONT)
                        _ = try await Self.expectEnd(job.path, files, after: interruption, first.api)
                        try await Self.expectTree(try await first.api.root(of: job.target), files, first.api)
                    }
                }
            }
            return wasInterrupted.isOn
        }
    }

    /// Suspends a server, starts a job for a whole folder, and waits until the other server has processed some of its
    /// files.
    ///
    /// - Returns: The path of the job, and the project to which it copies or moves the folder.
    private static func startJob(
        _ kind: FileJob.Kind,
        _ files: Int,
        on server: ServerProcess,
        suspending other: ServerProcess
    ) async throws -> (path: String, target: String) {
        let source = try await fill(files, server.api)
        let target = try await server.api.createProject("Target")
        other.signal(SIGSTOP)
        let item: JSONValue = ["file": .string(source), "project": .string(target)]
        let path = try await server.api.acceptedJob(kind, [item])
        try await waitForSome(path, server.api)
        return (path, target)
    }
}
