import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon download` with interruptions, faulty connections, changing files, full disks and a second process.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct DownloadFaultTests {
    private static let range = 1 << 20

    /// Uploads a file of `size` bytes to the admin's project, and returns its id.
    private func provide(_ server: ServerProcess, size: Int, seed: UInt64 = 7, name: String = "f") async throws
        -> String
    {
        try await server.api.upload(name, pseudoRandomBytes(seed: seed, count: size))
    }

    @Test("a download that is killed at a random time and run again fetches no complete range twice", arguments: 1...12)
    func killed(round: Int) async throws {
        var random = SeededGenerator(seed: UInt64(round))
        let size = 12 * Self.range + Int.random(in: 0...1000, using: &random)
        let moment = Int.random(in: 0...12, using: &random)
        let delay = Int.random(in: 0...20, using: &random)
        try await withPontoon { server, user in
            _ = try await provide(server, size: size)
            let flags = ["f", "-o", user.path("out/f"), "--range-size", "1M"]
            let seen = Counter()
            let first = try await user.run(
                ["download", "--json", "--project", "admin/uploads", "--parallel", "2"] + flags
            ) { event, pid in
                guard event.kind != "progress", seen.next() == moment else { return }
                try await Task.sleep(for: .milliseconds(delay))
                kill(pid, SIGKILL)
            }
            // The target is either complete or missing.
            if FileManager.default.fileExists(atPath: user.path("out/f")) {
                #expect(try user.bytes("out/f") == pseudoRandomBytes(seed: 7, count: size))
            }
            let second = try await user.run(["download", "--json", "--project", "admin/uploads"] + flags)
            #expect(second.code == 0, "\(first)\n\(second)")
            #expect(Set(first.ranges).isDisjoint(with: second.ranges), "\(first)\n\(second)")
            #expect(try user.bytes("out/f") == pseudoRandomBytes(seed: 7, count: size))
            #expect(try user.names("out") == ["f"])
        }
    }

    @Test("an interrupted download exits with 130, and the next run verifies its ranges and fetches damaged ones again")
    func interrupted() async throws {
        try await withPontoon { server, user in
            let size = 8 * Self.range
            _ = try await provide(server, size: size)
            let out = user.path("out/f")
            let flags = ["-o", out, "--range-size", "1M", "--parallel", "1"]
            let (first, second) = try await user.held(at: "GET /storage/", passes: 3, server) { user, valve in
                let first = try await user.run(["download", "--json", "admin/uploads/f"] + flags) { event, pid in
                    if event.kind == "range", event.number("offset") == 2 << 20 { kill(pid, SIGINT) }
                }
                valve.discard()
                let part = try #require(try user.names("out").first { $0.hasSuffix(".part") })
                let file = try FileDescriptor.open(FilePath(user.path("out/\(part)")), .readWrite)
                try file.closeAfter { _ = try file.writeAll(toAbsoluteOffset: 5, [1, 2, 3]) }
                return (first, try await user.run(["download", "--json", "admin/uploads/f"] + flags))
            }
            #expect(first.code == 130, "\(first)")
            #expect(first.all("cancelled").count == 1)
            #expect(second.code == 0, "\(second)")
            #expect(second.ranges.contains(0) && !second.ranges.contains(1 << 20), "\(second)")
            #expect(second.all("downloaded").first?.number("resumed_bytes") ?? 0 >= 2 * Self.range)
            #expect(try user.bytes("out/f") == pseudoRandomBytes(seed: 7, count: size))
        }
    }

    /// Downloads a file through a proxy that injects faults, and compares it with the original.
    private func downloads(
        size: Int,
        _ flags: [String] = [],
        server arguments: [String] = [],
        fault: @escaping @Sendable (Int) -> FaultInjectionProxy.Fault = { _ in .none }
    ) async throws -> PontoonRun {
        try await withPontoon(arguments: arguments) { server, user in
            _ = try await provide(server, size: size)
            let run = try await FaultInjectionProxy.with(server, fault: fault) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.download(["f", "-o", user.path("g"), "--range-size", "1M"] + flags)
            }
            #expect(run.code == 0, "\(run)")
            #expect(try user.bytes("g") == pseudoRandomBytes(seed: 7, count: size))
            return run
        }
    }

    @Test("after a lost connection, a range continues without fetching a byte twice")
    func cut() async throws {
        let size = 6 * Self.range + 17
        // However many connections the client opens, one of the first two fetches a range.
        let run = try await downloads(size: size) {
            $0 == 0 || $0 % 3 == 1 ? .cutResponse(after: 100_000 + $0 * 77_777) : .none
        }
        #expect(run.all("retrying").contains { $0.text("purpose")?.contains("download") == true }, "\(run)")
        #expect(run.all("downloaded").first?.number("received_bytes") == Int64(size), "\(run)")
    }

    @Test("truncated response heads and stalled connections are retried")
    func truncated() async throws {
        let cut = try await downloads(size: 3 * Self.range, ["--parallel", "2"]) {
            $0 % 2 == 1 && $0 < 10 ? .cutResponse(after: $0 * 150 + 1) : .none
        }
        #expect(!cut.all("retrying").isEmpty, "\(cut)")
        let stalled = try await downloads(size: 3 * Self.range, ["--timeout", "15", "--parallel", "2"]) {
            $0 == 1 ? .hang(after: 1) : .none
        }
        #expect(
            stalled.all("retrying").contains { $0.text("reason")?.contains("no data transferred") == true },
            "\(stalled)"
        )
    }

    @Test("an expired URL is replaced with a new one")
    func expired() async throws {
        // At this rate, the download takes longer than the lifetime of its URL.
        let flags = ["--parallel", "1", "--bwlimit", "1M"]
        let run = try await downloads(size: 9 * Self.range, flags, server: ["--url-lifetime", "5s"])
        #expect(run.all("retrying").contains { $0.text("reason")?.contains("403") == true }, "\(run)")
    }

    @Test("a file replaced during its download is never mixed with its successor")
    func changed() async throws {
        try await withPontoon { server, user in
            let size = 6 * Self.range
            let file = try await provide(server, size: size)
            let other = try await provide(server, size: size, seed: 8, name: "g")
            let flags = ["--range-size", "1M", "--parallel", "1"]
            let run = try await user.held(at: "GET /storage/", passes: 2, server) { user, valve in
                let seen = Counter()
                return try await user.run(["download", "--json", file, "-o", user.path("out/f")] + flags) { event, _ in
                    guard event.kind == "range", seen.next() == 1 else { return }
                    try await server.exchangeContent(of: file, for: other)
                    // The server may use a cached row for up to one second after another process changed it.
                    let successor = pseudoRandomBytes(seed: 8, count: size)
                    try await eventually("the server serves the new content") {
                        try await server.api.download(file) == successor
                    }
                    valve.release()
                }
            }
            #expect(run.code == 0, "\(run)")
            #expect(run.all("retrying").contains { $0.text("reason")?.contains("changed") == true }, "\(run)")
            #expect(try user.bytes("out/f") == pseudoRandomBytes(seed: 8, count: size))
        }
    }

    @Test("the download of a file replaced between two runs starts over")
    func replaced() async throws {
        try await withPontoon { server, user in
            let size = 6 * Self.range
            _ = try await provide(server, size: size)
            let out = ["f", "-o", user.path("out/f"), "--range-size", "1M"]
            let second = try await user.held(at: "GET /storage/", passes: 3, server) { user, valve in
                let first = try await user.download(out + ["--parallel", "1"]) { event, pid in
                    if event.kind == "range", event.number("offset") == 2 << 20 { kill(pid, SIGKILL) }
                }
                #expect(first.code == nil)
                valve.discard()
                let new = try user.makeFile("new/f", size: size, seed: 8).string
                #expect(try await user.upload("--overwrite", new).code == 0)
                return try await user.download(out)
            }
            #expect(second.code == 0, "\(second)")
            #expect(second.all("downloaded").first?.number("received_bytes") == Int64(size), "\(second)")
            #expect(try user.bytes("out/f") == user.bytes("new/f"))
        }
    }

    @Test("a checksum mismatch exits with 7 and leaves no file")
    func damaged() async throws {
        try await withPontoon { server, user in
            _ = try await provide(server, size: 3 * Self.range)
            try server.damageStoredFile()
            let run = try await user.download(["f", "-o", user.path("out/f"), "--range-size", "1M"])
            #expect(run.code == 7, "\(run)")
            #expect(run.all("failed").first?.text("code") == "checksum_mismatch", "\(run)")
            #expect(try user.names("out") == [])
        }
    }

    @Test("a full disk is detected before the first byte is received, and the command succeeds once there is space")
    func diskFull() async throws {
        try await withSmallDisk("size=8m") { disk in
            try await withPontoon { server, user in
                _ = try await provide(server, size: 6 << 20)
                let hog = disk.appending("hog")
                try Data(repeating: 1, count: 4 << 20).write(to: URL(filePath: hog.string))
                let target = disk.appending("f").string
                let run = try await user.download(["f", "-o", target])
                #expect(run.code == 8, "\(run)")
                let failed = try #require(run.all("failed").first)
                #expect(failed.text("code") == "disk_full" && failed.number("received_bytes") == 0, "\(run)")
                #expect(failed.text("message")?.contains(target) == true)
                #expect(try FileManager.default.contentsOfDirectory(atPath: disk.string) == ["hog"])
                try FileManager.default.removeItem(atPath: hog.string)
                let second = try await user.download(["f", "-o", target])
                #expect(second.code == 0, "\(second)")
                #expect(
                    ByteBuffer(bytes: try Data(contentsOf: URL(filePath: target)))
                        == pseudoRandomBytes(seed: 7, count: 6 << 20)
                )
            }
        }
    }

    @Test("a second process downloading the same file exits with 9 and does not disturb the first")
    func busy() async throws {
        try await withPontoon { server, user in
            _ = try await provide(server, size: 4 * Self.range)
            let flags = ["f", "-o", user.path("out/f"), "--range-size", "1M"]
            let inner = Inner()
            let run = try await user.held(at: "GET /storage/", passes: 1, server) { user, valve in
                let seen = Counter()
                return try await user.download(flags + ["--parallel", "1"]) { event, _ in
                    guard event.kind == "range", seen.next() == 0 else { return }
                    inner.run = try await user.download(flags)
                    valve.release()
                }
            }
            #expect(inner.run?.code == 9, "\(String(describing: inner.run))")
            #expect(run.code == 0, "\(run)")
            #expect(try user.bytes("out/f") == pseudoRandomBytes(seed: 7, count: 4 * Self.range))
        }
    }
}
