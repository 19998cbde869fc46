import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon upload` with failures of the server's S3 store or of connections to it.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct StorageFaultTests {
    private static let partSize = 5 << 20

    /// Runs `body` with a server on S3 whose clients reach the bucket through a proxy.
    private func withBadStorage<Value: Sendable>(
        server arguments: [String] = [],
        fault: @escaping @Sendable (Int) -> FaultInjectionProxy.Fault,
        _ body: @Sendable (ServerProcess, PontoonUser) async throws -> Value
    ) async throws -> Value {
        let bucket = try await SeaweedFSServer.running()
        let stores = try await TestStores(.sqliteAndS3)
        return try await FaultInjectionProxy.with(port: bucket.port, fault: fault) { proxy in
            try await withPontoon(on: stores.reached(at: proxy.port), arguments: arguments, body)
        }
    }

    /// Uploads a file over faulty connections to the bucket, ends the faults, and compares the stored bytes.
    private func uploads(
        size: Int = 8 * partSize + 17,
        _ flags: [String] = [],
        server arguments: [String] = [],
        fault: @escaping @Sendable (Int) -> FaultInjectionProxy.Fault
    ) async throws -> PontoonRun {
        let isOver = Switch()
        return try await withBadStorage(server: arguments) {
            isOver.isOn ? .none : fault($0)
        } _: { server, user in
            let path = try user.makeFile("f", size: size).string
            let place = ["upload", "--json", "--project", "admin/uploads", "--part-size", "5M"]
            let run = try await user.run(place + flags + [path])
            #expect(run.code == 0, "\(run)")
            isOver.turnOn()
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: size))
            #expect(run.all("uploaded").first?.text("verified_by") == "file", "\(run)")
            return run
        }
    }

    @Test("an upload survives lost connections to the bucket")
    func cut() async throws {
        // However many connections the client opens, the first one sends a part.
        let run = try await uploads { $0 % 3 == 0 ? .cutRequest(after: 300_000 + $0 * 77_777) : .none }
        #expect(!run.all("retrying").isEmpty, "\(run)")
    }

    @Test("an upload survives truncated responses of the bucket")
    func truncated() async throws {
        let run = try await uploads(["--parallel", "2"]) { $0 < 6 ? .cutResponse(after: $0 * 60 + 1) : .none }
        #expect(!run.all("retrying").isEmpty, "\(run)")
    }

    @Test("an expired presigned URL is replaced with a new one")
    func expired() async throws {
        let valve = RequestValve("PUT ")
        async let expiry: Void = valve.releaseAfter(.seconds(11))
        let run = try await uploads(size: 2 << 20, server: ["--url-lifetime", "10s"]) { _ in .holdRequests(valve) }
        try await expiry
        #expect(run.all("retrying").contains { $0.text("reason")?.contains("403") == true }, "\(run)")
        #expect(run.parts == [1])
    }

    @Test("a part on a stalled connection is also sent over another one, before the timeout")
    func slowTail() async throws {
        // The timeout is an hour, so only a second connection can complete the part.
        let flags = ["--parallel", "2", "--timeout", "3600"]
        let run = try await uploads(flags) { $0 == 1 ? .hang(after: 1 << 20) : .none }
        let again = run.all("retrying").first { $0.text("purpose")?.contains("another connection") == true }
        #expect(again != nil, "\(run)")
        #expect(run.parts.count == 9 && Set(run.parts).count == 9, "\(run)")
    }

    @Test("a part corrupted in transit is detected by its ETag and sent again")
    func garbled() async throws {
        let run = try await uploads(["--parallel", "1"]) { $0 == 0 ? .flipBit(at: 3 << 20) : .none }
        #expect(
            run.all("retrying").contains {
                $0.text("reason")?.contains("does not match the bytes that were sent") == true
            },
            "\(run)"
        )
    }

    @Test("with constant corruption, an upload exits with 7 and creates no file, and it can be resumed")
    func garbledAlways() async throws {
        let isOver = Switch()
        try await withBadStorage { _ in
            isOver.isOn ? .none : .flipBit(at: 100_000)
        } _: { server, user in
            // Too large for one call, because the server itself would send the bytes of a small file to the bucket.
            let path = try user.makeFile("f", size: 2 << 20).string
            let run = try await user.upload("--retries", "1", path)
            #expect(run.code == 7, "\(run)")
            let failure = try #require(run.all("failed").first, "\(run)")
            #expect(failure.text("code") == "checksum_mismatch")
            #expect(failure.text("message")?.contains(path) == true)
            #expect(try await server.api.listed("/files?project=admin/uploads") == [])
            isOver.turnOn()
            let again = try await user.upload(path)
            #expect(again.code == 0, "\(again)")
            #expect(again.all("started").first?.text("upload_id") == failure.text("upload_id"))
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: 2 << 20))
        }
    }

    @Test("if the store refuses every signature, the client exits with 10 and prints advice")
    func refused() async throws {
        try await withBadStorage { _ in
            .replaceInRequest("AKPONTOONTESTS", with: "AKNOBODYSTESTS")
        } _: { _, user in
            let run = try await user.upload(try user.makeFile("f", size: 2 << 20).string)
            #expect(run.code == 10, "\(run)")
            let failure = try #require(run.all("failed").first, "\(run)")
            #expect(failure.text("code") == "storage_refused", "\(run)")
            #expect(failure.text("message")?.contains("part 1 of") == true, "\(run)")
            #expect(failure.text("message")?.contains("pontoon doctor") == true, "\(run)")
            #expect(!run.output.contains("X-Amz-Credential"), "no URL is shown: \(run)")
        }
    }

    @Test("an upload survives a temporary failure of the bucket")
    func restarted() async throws {
        try await withBucket { bucket in
            try await withPontoon(on: TestStores(.sqliteAndS3, bucket: bucket)) { server, user in
                // Many parts, because events reach the test in blocks of 4 KiB.
                let size = 24 * Self.partSize
                let path = try user.makeFile("f", size: size).string
                let (seen, retries) = (Counter(), Counter())
                let run = try await user.upload("--part-size", "5M", "--bwlimit", "8M", path) { event, _ in
                    if event.kind == "part", seen.next() == 1 { try await bucket.kill() }
                    if event.kind == "retrying", retries.next() == 0 { try await bucket.start() }
                }
                #expect(run.code == 0, "\(run)")
                #expect(!run.all("retrying").isEmpty, "\(run)")
                #expect(try await server.api.content("f") == testBytes(seed: 7, count: size))
            }
        }
    }

    @Test("small files survive a restart of the bucket, which then contains no other objects")
    func archives() async throws {
        try await withBucket { bucket in
            try await withPontoon(on: TestStores(.sqliteAndS3, bucket: bucket)) { server, user in
                let count = 1500
                for number in 0..<count { try user.makeFile("data/\(number)", size: number, seed: UInt64(number)) }
                let seen = Counter()
                // Uploads slowly, so that the bucket restarts in the middle of an archive.
                let run = try await user.upload("--bwlimit", "300K", user.path("data") + "/") { event, _ in
                    if event.kind == "uploaded", seen.next() == 0 {
                        try await bucket.kill()
                        try await bucket.start()
                    }
                }
                #expect(run.code == 0 && run.all("uploaded").count == count, "\(run)")
                let compared = try await user.run(["compare", user.path("data") + "/", "admin/uploads/"])
                #expect(compared.code == 0, "\(compared)")
                try await eventually("the objects without a file are removed") {
                    let summary = try await server.administer("check")
                    return summary.contains("Checked \(count) objects") && summary.contains(" 0 damaged, 0 orphans")
                }
            }
        }
    }

    @Test("the client exits with 6 if the bucket is unreachable, and the repeated command sends only missing parts")
    func away() async throws {
        try await withBucket { bucket in
            try await withPontoon(on: TestStores(.sqliteAndS3, bucket: bucket)) { server, user in
                let size = 10 * Self.partSize
                let path = try user.makeFile("f", size: size).string
                let seen = Counter()
                let flags = ["--part-size", "5M", "--parallel", "1", "--bwlimit", "8M", "--retries", "2", path]
                let place = ["upload", "--json", "--project", "admin/uploads"]
                let run = try await user.run(place + flags) { event, _ in
                    if event.kind == "part", seen.next() == 1 { try await bucket.kill() }
                }
                #expect(run.code == 6, "\(run)")
                let failure = try #require(run.all("failed").first, "\(run)")
                #expect(["unreachable", "connection_lost"].contains(failure.text("code")), "\(run)")
                try await bucket.start()
                let again = try await user.run(place + flags)
                #expect(again.code == 0, "\(again)")
                #expect(run.parts.count >= 2 && Set(run.parts).isDisjoint(with: again.parts), "\(run)\n\(again)")
                #expect(try await server.api.content("f") == testBytes(seed: 7, count: size))
            }
        }
    }

    /// Runs `body` with a separate S3 server, which the test may kill.
    private func withBucket(_ body: @Sendable (SeaweedFSServer) async throws -> Void) async throws {
        let bucket = try await SeaweedFSServer.start()
        do {
            try await body(bucket)
        } catch {
            try await bucket.remove()
            throw error
        }
        try await bucket.remove()
    }
}
