import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Uploads that are resumed without their journal or after their file was moved, and files that need not be sent at
/// all.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct AdoptionTests {
    private static let partSize = 5 << 20
    private static let size = 6 * partSize + 3

    /// Starts an upload of `f`, kills the client after at least two parts, and then runs `body`.
    ///
    /// The killed client connects through a proxy, so its journal belongs to another URL than the one that `user` has.
    /// `body` receives a user with the proxy's URL, and the killed run.
    private func kill(
        _ server: ServerProcess,
        _ user: PontoonUser,
        _ body: @Sendable (PontoonUser, PontoonRun) async throws -> Void = { _, _ in }
    ) async throws -> PontoonRun {
        try await user.held(at: "/complete", server) { user, valve in
            let seen = Counter()
            let flags = ["--part-size", "5M", "--parallel", "1", "--bwlimit", "20M", user.path("f")]
            let run = try await user.run(["upload", "--json", "--project", "admin/uploads"] + flags) { event, pid in
                if event.kind == "part", seen.next() == 1 { Glibc.kill(pid, SIGKILL) }
            }
            valve.discard()
            try #require(run.code == nil && run.parts.count >= 2, "\(run)")
            try await body(user, run)
            return run
        }
    }

    private func isFirst(_ first: PontoonRun, resumedBy second: PontoonRun, _ server: ServerProcess) async throws {
        #expect(second.code == 0, "\(second)")
        #expect(Set(first.parts).isDisjoint(with: second.parts), "\(first)\n\(second)")
        let started = try #require(second.all("started").first, "\(second)")
        #expect(started.number("resumed_parts") ?? 0 >= first.parts.count, "\(second)")
        #expect(second.all("uploaded").first?.text("verified_by") == "file", "\(second)")
        #expect(try await server.api.content("f") == testBytes(seed: 7, count: Self.size))
        #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [])
    }

    @Test("an upload resumes without its journal, as from another machine", arguments: [false, true])
    func withoutJournal(isInBucket: Bool) async throws {
        try await withPontoon(on: isInBucket ? TestStores(.sqliteAndS3) : .embedded) { server, user in
            try user.makeFile("f", size: Self.size)
            let first = try await kill(server, user)
            try FileManager.default.removeItem(atPath: user.path("state"))
            let plan = try await user.upload("--dry-run", "--adopt", user.path("f")).all("plan").first
            #expect(plan?.text("action") == "resume" && plan?.number("parts") == 7, "\(String(describing: plan))")
            try await isFirst(first, resumedBy: user.upload("--adopt", user.path("f")), server)
        }
    }

    @Test(
        "an upload succeeds if another client completes it, or uploads the same file, in the meantime",
        arguments: [true, false]
    )
    func completedElsewhere(isSameUpload: Bool) async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            _ = try await kill(server, user)
            try FileManager.default.removeItem(atPath: user.path("state"))
            try await user.held(at: "/part_infos", server) { slow, valve in
                try await withThrowingTaskGroup(of: PontoonRun.self) { group in
                    group.addTask { try await slow.upload("--adopt", "--state", user.path("state2"), user.path("f")) }
                    try await valve.holding()
                    let first = try await user.upload(isSameUpload ? "--adopt" : "--no-resume", user.path("f"))
                    #expect(first.code == 0, "\(first)")
                    valve.release()
                    let second = try #require(try await group.next())
                    #expect(second.code == 0 && second.parts.isEmpty == isSameUpload, "\(second)")
                    #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [])
                }
            }
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: Self.size))
        }
    }

    @Test("without --adopt, an upload that another client may be working on is left alone")
    func notAdopted() async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            _ = try await kill(server, user)
            try FileManager.default.removeItem(atPath: user.path("state"))
            let plan = try await user.upload("--dry-run", user.path("f")).all("plan").first
            #expect(plan?.text("action") == "upload", "\(String(describing: plan))")
            let run = try await user.upload("--part-size", "5M", user.path("f"))
            #expect(run.code == 0 && run.parts.count == 7, "\(run)")
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: Self.size))
        }
    }

    @Test("an upload started with --overwrite replaces no file when it is resumed without the option")
    func startedWithOverwrite() async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            _ = try await server.api.uploadSmall("f")
            let content = try await server.api.content("f")
            try await user.held(at: "/complete", server) { user, valve in
                let seen = Counter()
                let flags = ["--overwrite", "--part-size", "5M", "--parallel", "1", "--bwlimit", "20M", user.path("f")]
                let run = try await user.run(["upload", "--json", "--project", "admin/uploads"] + flags) { event, pid in
                    if event.kind == "part", seen.next() == 1 { Glibc.kill(pid, SIGKILL) }
                }
                valve.discard()
                try #require(run.code == nil, "\(run)")
                for flags in [["--dry-run"], []] {
                    let second = try await user.run(
                        ["upload", "--json", "--project", "admin/uploads"] + flags + [user.path("f")]
                    )
                    #expect(second.code == 5, "\(flags) \(second)")
                }
            }
            #expect(try await server.api.content("f") == content)
        }
    }

    @Test("--upload-id resumes an upload whose stored parts were not reported", arguments: [false, true])
    func byID(isInBucket: Bool) async throws {
        try await withPontoon(on: isInBucket ? TestStores(.sqliteAndS3) : .embedded) { server, user in
            try user.makeFile("f", size: Self.size)
            let first = try await kill(server, user)
            let upload = try #require(first.all("started").first?.text("upload_id"))
            try FileManager.default.removeItem(atPath: user.path("state"))
            try await isFirst(first, resumedBy: user.upload("--upload-id", upload, user.path("f")), server)
        }
    }

    @Test("an upload resumes after its file was moved, or copied with its times", arguments: ["moved", "copied"])
    func elsewhere(how: String) async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            try user.makeFile("other/x", size: 1)
            let first = try await kill(server, user)
            if how == "moved" {
                try FileManager.default.moveItem(atPath: user.path("f"), toPath: user.path("other/f"))
                try await isFirst(first, resumedBy: user.upload("--adopt", user.path("other/f")), server)
            } else {
                let copied = try await Subprocess.run(
                    .name("cp"),
                    arguments: ["-p", user.path("f"), user.path("copy")],
                    output: .discarded
                )
                try #require(copied.terminationStatus.isSuccess)
                try #require(rename(user.path("copy"), user.path("f")) == 0)
                try await isFirst(first, resumedBy: user.upload("--adopt", user.path("f")), server)
            }
            #expect(try user.names("state/pontoon/uploads") == [])
        }
    }

    @Test("an upload resumes from its journal after its file was moved, if it is unchanged", arguments: [true, false])
    func movedWithJournal(isChanged: Bool) async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            try user.makeFile("other/x", size: 1)
            _ = try await kill(server, user) { user, first in
                if isChanged { try user.makeFile("f", size: Self.size, seed: 8) }
                try FileManager.default.moveItem(atPath: user.path("f"), toPath: user.path("other/f"))
                let file = user.path("other/f")
                let plan = try await user.upload("--dry-run", file).all("plan").first
                #expect(plan?.text("action") == (isChanged ? "upload" : "resume"), "\(String(describing: plan))")
                let second = try await user.upload("--part-size", "5M", file)
                if isChanged {
                    #expect(second.code == 0 && second.parts.count == 7, "\(second)")
                    #expect(try await server.api.content("f") == testBytes(seed: 8, count: Self.size))
                } else {
                    try await isFirst(first, resumedBy: second, server)
                    #expect(try user.names("state/pontoon/uploads") == [])
                }
            }
        }
    }

    @Test("the unfinished upload of another file with the same name and length is left alone")
    func foreign() async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            for isStored in [false, true] {
                let other = try await server.api.initialize("f", size: Self.size)
                if isStored { try await server.api.store(other, 1, ByteBuffer(repeating: 1, count: Self.partSize)) }
            }
            let run = try await user.upload("--part-size", "5M", user.path("f"))
            #expect(run.code == 0 && run.parts.count == 7, "\(run)")
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: Self.size))
            guard case .array(let left) = try await server.api.call(.GET, "/upload/multipart")["items"] else {
                throw UnexpectedResponse(description: "no list")
            }
            #expect(left.count == 2)
        }
    }

    @Test("a lost response to the initialize call leaves no second upload")
    func lostInitialize() async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            let cutter = ResponseCutter()
            cutter.cut("POST /v2/upload/multipart HTTP")
            let run = try await FaultInjectionProxy.with(server, fault: { _ in .cutResponses(cutter) }) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.upload(user.path("f"))
            }
            #expect(cutter.count == 1)
            #expect(run.code == 0 && run.all("retrying").count == 1, "\(run)")
            #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [])
        }
    }

    @Test("--overwrite does not send a file that is identical on the server, even without local state")
    func identical() async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            let first = try await user.upload(user.path("f"))
            #expect(first.code == 0, "\(first)")
            try FileManager.default.removeItem(atPath: user.path("state"))
            let plan = try await user.upload("--dry-run", "--overwrite", user.path("f")).all("plan").first
            #expect(plan?.text("action") == "already_there", "\(String(describing: plan))")
            let same = try await user.upload("--overwrite", user.path("f"))
            #expect(same.code == 0 && same.all("already_there").count == 1 && same.parts.isEmpty, "\(same)")
            try user.makeFile("f", size: Self.size, seed: 8)
            let other = try await user.upload("--overwrite", user.path("f"))
            #expect(other.code == 0 && other.all("uploaded").count == 1, "\(other)")
            #expect(try await server.api.content("f") == testBytes(seed: 8, count: Self.size))
            let again = try await user.upload("--overwrite", "--no-resume", user.path("f"))
            #expect(again.all("uploaded").count == 1, "--no-resume sends everything: \(again)")
        }
    }

    @Test("a resumed upload keeps its part size, and a different --part-size causes a warning")
    func otherPartSize() async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            let resumed = Inner()
            let first = try await kill(server, user) { user, _ in
                resumed.run = try await user.upload("--part-size", "6M", user.path("f"))
            }
            let second = try #require(resumed.run)
            try await isFirst(first, resumedBy: second, server)
            let warning = try #require(second.all("warning").first?.text("message"), "\(second)")
            #expect(warning.contains("part size is \(Self.partSize) bytes"), "\(second)")
        }
    }

    @Test("--overwrite replaces a file that appeared after its upload was started without the option")
    func lateOverwrite() async throws {
        try await withPontoon { server, user in
            try user.makeFile("f", size: Self.size)
            _ = try await kill(server, user)
            _ = try await server.api.upload("f", ByteBuffer(string: "other"))
            let run = try await user.upload("--overwrite", "--adopt", user.path("f"))
            #expect(run.code == 0, "\(run)")
            #expect(run.all("warning").first?.text("message")?.contains("without --overwrite") == true, "\(run)")
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: Self.size))
            #expect(try await server.api.call(.GET, "/upload/multipart")["items"] == [])
        }
    }
}
