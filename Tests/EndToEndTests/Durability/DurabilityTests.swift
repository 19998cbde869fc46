import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Durability of acknowledged data in a power failure.
///
/// `kill -9` leaves the page cache intact and proves nothing about the disk. Therefore, these tests trace system calls,
/// or make syncs fail.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct DurabilityTests {
    /// Options of `strace` for the system calls that write, sync or rename files, or send responses.
    private static let traced = [
        "-e", "trace=pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync,mkdir,/^rename,copy_file_range",
    ]

    /// Part lengths of two uploads.
    ///
    /// In the first upload, a detached part is copied behind in-place parts. In the second, all parts are copied.
    static let lengths = [[slot, slot, slot + 1], [slot, slot + 1, slot - 1, 70_000]]
    /// The part size, which is larger than one read from a socket.
    private static let slot = 2 << 20

    @Test(
        "a part is acknowledged after syncs of its bytes and record, and a file also after a sync of its name",
        arguments: lengths
    )
    func respondsAfterSync(lengths: [Int]) async throws {
        let traced = try await traceUpload(lengths, durability: "power")
        for number in 1...traced.plan.lengths.count { #expect(traced.partProblem(number) == nil, "part \(number)") }
        #expect(traced.fileProblem() == nil)
    }

    @Test("an upload's directory entry is synced before its row is written")
    func initializesAfterSync() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appending("trace")
            try await withServer(ServerOptions(data: folder.appending("data"))) { server in
                let calls = ["-e", "trace=openat,fsync,pwrite64"]
                let upload = try await withStrace(server, calls, output: output) {
                    try await server.api.initialize("traced", size: 1 << 20, partSize: 5 << 20)
                }
                let trace = SystemCallTrace(try String(contentsOfFile: output.string, encoding: .utf8)).calls
                let uploads = server.data.appending("objects/uploads").string
                let made = try #require(trace.first { $0.name == "openat" && $0.arguments.contains("\(uploads)/") })
                let synced = try #require(
                    trace.first {
                        $0.name == "fsync" && $0.paths.first.map(String.init) == uploads && $0.begin > made.end
                    }
                )
                let row = try #require(
                    trace.first {
                        $0.name == "pwrite64" && $0.paths.first?.hasSuffix("-wal") == true
                            && $0.arguments.contains(upload)
                    }
                )
                #expect(synced.succeeded && row.begin > synced.end)
            }
        }
    }

    @Test("with durability 'os', no data is synced before the response, and the same check detects this")
    func respondsBeforeSync() async throws {
        let traced = try await traceUpload(Self.lengths[1], durability: "os")
        for number in 1...traced.plan.lengths.count {
            #expect(traced.partProblem(number) == .bytesNotSynced, "part \(number)")
        }
        #expect(traced.fileProblem() == .bytesNotSynced)
    }

    /// Traces a server while a client sends all parts of an upload concurrently and completes it.
    private func traceUpload(_ lengths: [Int], durability: String) async throws -> TracedUpload {
        try await withTemporaryFolder { folder in
            let output = folder.appending("trace")
            let options = ServerOptions(
                data: folder.appending("data"),
                arguments: smallParts + ["--durability", durability]
            )
            let plan = TracedUpload.Plan(lengths: lengths, partSize: Self.slot)
            let (key, file) = try await withServer(options) { server in
                let upload = try await server.api.initialize("traced", size: plan.size, partSize: plan.partSize)
                let key = try #require(try server.unfinishedObjects().first)
                let file = try await withStrace(server, Self.traced, output: output) {
                    try await withThrowingTaskGroup { group in
                        for number in 1...plan.lengths.count {
                            group.addTask { try await server.api.store(upload, number, plan.part(number)) }
                        }
                        try await group.waitForAll()
                    }
                    return try await server.api.complete(upload).text("id")
                }
                #expect(sha256(try await server.api.download(file)) == sha256(plan.content))
                return (key, file)
            }.value
            let trace = SystemCallTrace(try String(contentsOfFile: output.string, encoding: .utf8))
            return TracedUpload(
                plan: plan,
                trace: trace,
                objects: options.data.appending("objects"),
                key: key,
                file: file
            )
        }
    }

    @Test("a part whose bytes fail to sync is not acknowledged and can be sent again")
    func bytesNotStored() async throws {
        try await withFailingSync(of: { "objects/uploads/\($0)" }) { server, upload, bytes, failing in
            try await failing {
                let refused = try await server.api.put(upload, 1, bytes)
                #expect(refused.status >= 500 && refused.headers["ETag"].isEmpty, "\(refused)")
                #expect(try await server.api.call(.GET, "/user").status == 200)
            }
            let vouched = try await server.api.report(upload, 1, .string(tag(of: bytes)))
            server.expectRefusal(vouched, 400, 8014, "a part that was not acknowledged")
        }
    }

    @Test("a part whose record fails to sync is not acknowledged and can be sent again")
    func recordNotStored() async throws {
        try await withFailingSync(of: { _ in "pontoon.sqlite-wal" }) { server, upload, bytes, failing in
            try await failing {
                let refused = try await server.api.put(upload, 1, bytes)
                #expect(refused.status >= 500 && refused.headers["ETag"].isEmpty, "\(refused)")
                #expect(try await server.api.call(.GET, "/user").status == 200)
            }
            let vouched = try await server.api.report(upload, 1, .string(tag(of: bytes)))
            server.expectRefusal(vouched, 400, 8014, "a part that was not acknowledged")
        }
    }

    @Test("a file whose record fails to sync is not acknowledged, and its upload can be completed again")
    func fileNotStored() async throws {
        try await withFailingSync(of: { _ in "pontoon.sqlite-wal" }) { server, upload, bytes, failing in
            try await server.api.store(upload, 1, bytes)
            try await failing {
                let refused = try await server.api.complete(upload)
                #expect(refused.status >= 500 && refused["id"] == nil, "\(refused)")
            }
        }
    }

    @Test("if a completion and its rollback both fail, the upload can be completed once the disk works again")
    func strandedComplete() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            try await withServer(options) { server in
                let bytes = pseudoRandomBytes(seed: 7, count: 300_000)
                let upload = try await server.api.initialize("stranded", size: bytes.readableBytes, partSize: 1 << 20)
                try await server.api.store(upload, 1, bytes)
                let (start, starter) = AsyncStream.makeStream(of: Void.self)
                let (end, ender) = AsyncStream.makeStream(of: Void.self)
                async let response = {
                    for await _ in start {}
                    defer { ender.finish() }
                    return try await server.api.complete(upload)
                }()
                // The server is suspended between the rename and its commit. When it continues, syncs of the database
                // log fail.
                let uploads = server.data.appending("objects/uploads").string
                let slow = ["-P", uploads, "-e", "trace=fsync", "-e", "inject=fsync:delay_enter=60000000"]
                let trace = folder.appending("slow")
                try await withStrace(server, slow, output: trace) {
                    starter.finish()
                    try await eventually("the file has its name") { try server.finishedObjects() == 1 }
                    server.signal(SIGSTOP)
                    // A thread that strace releases before the stop takes effect would continue to the commit.
                    try await eventually("the server is suspended") {
                        try String(contentsOfFile: trace.string, encoding: .utf8).contains("stopped by SIGSTOP")
                    }
                }
                let log = server.data.appending("pontoon.sqlite-wal").string
                let failing = ["-P", log, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"]
                try await withStrace(server, failing, output: folder.appending("failing")) {
                    server.signal(SIGCONT)
                    for await _ in end {}
                }
                #expect(try await response.status >= 500)
                let file = try await server.api.complete(upload).text("id")
                #expect(try await server.api.download(file) == bytes)
                #expect(try server.unfinishedObjects() == [])
            }
        }
    }

    /// Runs `body` with an upload of one part, and with a function that runs its argument while `fdatasync` of one file
    /// fails.
    ///
    /// `path` receives the object key of the upload and returns the path of that file, relative to the data directory.
    /// Checks afterwards that the upload can be completed.
    private func withFailingSync(
        of path: @escaping @Sendable (String) -> String,
        _ body:
            @Sendable (
                ServerProcess, String, ByteBuffer, @Sendable (@Sendable () async throws -> Void) async throws -> Void
            )
            async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            try await withServer(options) { server in
                let bytes = pseudoRandomBytes(seed: 5, count: 300_000)
                let upload = try await server.api.initialize("failing", size: bytes.readableBytes, partSize: 1 << 20)
                let key = try #require(try server.unfinishedObjects().first)
                let fault = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"]
                let file = server.data.pushing(FilePath(path(key))).string
                try await body(server, upload, bytes) { work in
                    let output = folder.appending("faults")
                    try await withStrace(server, fault + ["-P", file], output: output, work)
                    let faults = SystemCallTrace(try String(contentsOfFile: output.string, encoding: .utf8)).calls
                    #expect(faults.contains { $0.result.contains("EIO") }, "strace made no call fail")
                }
                try await server.api.store(upload, 1, bytes)
                let stored = try await server.api.complete(upload).text("id")
                #expect(try await server.api.download(stored) == bytes)
            }
        }
    }

    @Test("a part whose record failed to sync is absent or intact after kill -9")
    func recordOutcomeUnknown() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            let bytes = pseudoRandomBytes(seed: 6, count: 300_000)
            let upload = try await withServer(options) { server in
                let upload = try await server.api.initialize("unsure", size: nil, partSize: 1 << 20)
                let fault = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO"]
                let file = server.data.appending("pontoon.sqlite-wal").string
                try await withStrace(server, fault + ["-P", file], output: folder.appending("faults")) {
                    let refused = try await server.api.put(upload, 1, bytes)
                    #expect(refused.status >= 500)
                }
                server.signal(SIGKILL)
                return upload
            }.value
            try await withServer(options) { server in
                let vouched = try await server.api.report(upload, 1, .string(tag(of: bytes))).status
                #expect([200, 400].contains(vouched))
                if vouched == 400 { try await server.api.store(upload, 1, bytes) }
                let file = try await server.api.complete(upload).text("id")
                #expect(try await server.api.download(file) == bytes)
            }
        }
    }
}
