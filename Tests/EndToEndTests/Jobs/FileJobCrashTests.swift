import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Jobs whose server is killed while it works on them.
@Suite(.serialized, .timeLimit(.minutes(10)), .tags(.endToEnd))
struct FileJobCrashTests {
    /// Number of files in a folder of three levels; so many that the server is killed before it has processed them.
    private static let files = 1500

    /// Stores an archive of files.
    ///
    /// - Returns: The id of the folder that contains them.
    private static func fill(_ api: APIClient) async throws -> String {
        var tar = TarBuilder()
        for number in 0..<files {
            tar.add("data/\(number % 7)/\(number % 3)/\(number)", Array("\(number)".utf8))
        }
        let stored = try await api.putArchive(tar.finished())
        #expect(stored.lines.count == files)
        let list = try await api.call(.GET, "/files?project=admin/uploads&name=data")
        return try #require(try list.entries.first?.string("id"))
    }

    /// Waits until some of the files are processed; fails if all of them already are.
    private static func waitForSome(_ path: String, _ api: APIClient) async throws {
        try await eventually("some files are processed") {
            try await (api.call(.GET, path)["completed_files"]?.integer ?? 0) > 20
        }
        #expect(try await api.call(.GET, path)["state"] == "RUNNING")
    }

    /// Waits until the job is finished, and checks that each file was processed once.
    private static func expectEnd(_ path: String, _ api: APIClient) async throws {
        try await eventually("the job is finished") { try await api.call(.GET, path)["state"] == "FINISHED" }
        let job = try await api.call(.GET, path)
        let numbers = ["total_files", "completed_files", "failed_files"].map { job[$0]?.integer }
        #expect(numbers == [Int64(files), Int64(files), 0], "\(job.bodyText)")
    }

    /// Checks that a folder contains each of the files and folders once.
    private static func expectTree(_ folder: String, _ api: APIClient) async throws {
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

    @Test("after kill -9, the next start finishes the job, and no file is copied, moved or deleted twice")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            let source = try await withServer(options) { try await Self.fill($0.api) }.value
            var data = source
            for kind in FileJob.Kind.allCases {
                let moved = data
                let (paths, status) = try await withServer(options) { server in
                    let target = try await server.api.makeFolder("\(kind)")
                    let item: JSONValue = ["file": .string(moved), "parent": .string(target)]
                    let path = try await server.api.acceptedJob(kind, [item])
                    try await Self.waitForSome(path, server.api)
                    server.signal(SIGKILL)
                    return (job: path, target: target)
                }
                #expect(status == .signaled(SIGKILL))
                data = try await withServer(options) { server in
                    try await Self.expectEnd(paths.job, server.api)
                    let tree = try await server.api.tree(paths.target)
                    if kind == .delete {
                        #expect(tree == [:])
                    } else {
                        try await Self.expectTree(paths.target, server.api)
                    }
                    return tree["data"] ?? ""
                }.value
            }
            try await withServer(options) { server in
                let left = try await server.api.tree(try await server.api.root())
                // The original and the emptied targets; the copy was moved, and then deleted.
                #expect(left.keys.filter { !$0.hasPrefix("data/") }.sorted() == ["copy", "data", "delete", "move"])
                #expect(left.values.contains(source))
                #expect(try server.finishedObjects() == Self.files)
            }
        }
    }

    @Test("if a server dies, another one finishes its job", .tags(.needsPostgreSQL))
    func takeover() async throws {
        try await Cluster.with { cluster in
            try await withServer(cluster.options(0)) { first in
                try await withServer(cluster.options(1)) { second in
                    let (path, target) = try await Self.startJob(.move, on: first, suspending: second)
                    first.signal(SIGKILL)
                    second.signal(SIGCONT)
                    try await Self.expectEnd(path, second.api)
                    try await Self.expectTree(try await second.api.root(of: target), second.api)
                    let root = try await second.api.root()
                    #expect(try await second.api.tree(root) == [:])
                }
            }
        }
    }

    @Test("a server that was suspended for longer than its lease does nothing twice", .tags(.needsPostgreSQL))
    func suspended() async throws {
        try await Cluster.with { cluster in
            try await withServer(cluster.options(0)) { first in
                try await withServer(cluster.options(1)) { second in
                    let (path, target) = try await Self.startJob(.copy, on: first, suspending: second)
                    first.signal(SIGSTOP)
                    second.signal(SIGCONT)
                    try await eventually("the second server has continued the job") {
                        try await second.api.call(.GET, path)["state"] == "FINISHED"
                    }
                    first.signal(SIGCONT)
                    try await Self.expectEnd(path, first.api)
                    try await Self.expectTree(try await first.api.root(of: target), first.api)
                }
            }
        }
    }

    /// Suspends a server, so that only the other one can lease a job for a whole folder, and waits until that has begun.
    ///
    /// - Returns: The path of the job, and the project to which it copies or moves the folder.
    private static func startJob(
        _ kind: FileJob.Kind,
        on server: ServerProcess,
        suspending other: ServerProcess
    ) async throws -> (path: String, target: String) {
        let source = try await fill(server.api)
        let target = try await server.api.createProject("Target")
        other.signal(SIGSTOP)
        let item: JSONValue = ["file": .string(source), "project": .string(target)]
        let path = try await server.api.acceptedJob(kind, [item])
        try await waitForSome(path, server.api)
        return (path, target)
    }
}
