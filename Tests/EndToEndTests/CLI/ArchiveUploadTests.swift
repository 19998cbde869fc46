import Foundation
import Glibc
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon upload` of many small files, which are sent in archives (the `archive_put` extension).
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ArchiveUploadTests {
    private static let call = "POST /v2/upload/archive"

    private func makeFiles(_ user: PontoonUser, _ count: Int) throws {
        for number in 0..<count {
            try user.makeFile("data/d\(number % 7)/ä \(number)", size: number * 13 % 5000, seed: UInt64(number))
        }
    }

    private func upload(
        _ user: PontoonUser,
        _ flags: String...,
        watch: @escaping @Sendable (PontoonEvent, pid_t) async throws -> Void = { _, _ in }
    ) async throws -> PontoonRun {
        try await user.run(
            ["upload", "--json", "--project", "admin/uploads", "--keep-tree"] + flags + [user.path("data") + "/"],
            watch: watch
        )
    }

    /// Runs `pontoon compare`, and checks that the local files and the files on the server are the same.
    private func compare(_ user: PontoonUser) async throws {
        let run = try await user.run(["compare", user.path("data") + "/", "admin/uploads/"])
        #expect(run.code == 0, "\(run)")
    }

    @Test("files and folders arrive with their labels, in archives, and are not sent again")
    func archives() async throws {
        try await withPontoon { server, user in
            try makeFiles(user, 300)
            let (archives, calls) = (Counter(), Counter())
            try await FaultInjectionProxy.with(
                server,
                fault: { _ in
                    .respond { head in
                        if head.hasPrefix(Self.call) { _ = archives.next() }
                        if head.hasPrefix("PUT ") || head.hasPrefix("POST /v2/files") { _ = calls.next() }
                        return nil
                    }
                }
            ) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                let first = try await upload(user, "--tag", "ü")
                #expect(first.code == 0 && first.all("uploaded").count == 300, "\(first)")
                #expect(first.all("uploaded").allSatisfy { $0.text("verified_by") == "file" })
                let second = try await upload(user, "--tag", "ü")
                #expect(second.code == 0 && second.all("already_there").count == 300, "\(second)")
            }
            #expect(archives.current > 0 && calls.current == 0)
            try await compare(user)
            let folder = try await server.api.fileID("d3")
            let file = try await server.api.fileID("ä 3", parent: folder)
            let details = try await server.api.call(.GET, "/files/\(file)")
            #expect(details["tags"] == ["ü"], "\(details)")
        }
    }

    @Test("a file that cannot be read, and one whose name is taken, do not affect the others")
    func failures() async throws {
        try await withPontoon { server, user in
            try makeFiles(user, 40)
            #expect(try await upload(user).code == 0)
            try makeFiles(user, 80)
            try user.makeFile("data/d1/ä 1", size: 7)
            // A file of 4096 bytes that even root cannot read, because the loopback interface has no speed.
            #expect(symlink("/sys/class/net/lo/speed", user.path("data/d2/broken")) == 0)
            let run = try await upload(user)
            #expect(run.code != 0, "\(run)")
            #expect(Set(run.all("failed").compactMap { $0.text("name") }) == ["d1/ä 1", "d2/broken"], "\(run)")
            #expect(run.all("uploaded").count == 40 && run.all("already_there").count == 39, "\(run)")
            let replaced = try await upload(user, "--overwrite")
            #expect(replaced.all("uploaded").map { $0.text("name") } == ["d1/ä 1"], "\(replaced)")
        }
    }

    @Test("if the response is cut, files without a result are sent again and compared")
    func cut() async throws {
        try await withPontoon { server, user in
            try makeFiles(user, 200)
            let cutter = ResponseCutter()
            cutter.cut(Self.call, afterBytes: 4000, times: 2)
            let run = try await FaultInjectionProxy.with(server, fault: { _ in .cutResponses(cutter) }) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await upload(user)
            }
            // For files whose results did not arrive, the client finds the file on the server and compares its labels.
            #expect(run.all("uploaded").count + run.all("already_there").count == 200, "\(run)")
            #expect(run.code == 0 && cutter.count == 2)
            #expect(!run.all("retrying").isEmpty, "\(run)")
            try await compare(user)
        }
    }

    @Test("an upload that is killed and run again does not send files whose results had arrived")
    func killed() async throws {
        try await withPontoon { server, user in
            try makeFiles(user, 3000)
            let seen = Counter()
            let first = try await upload(user) { event, pid in
                if event.kind == "uploaded", seen.next() == 300 { kill(pid, SIGKILL) }
            }
            #expect(first.code == nil)
            let second = try await upload(user)
            let names = Set(first.all("uploaded").compactMap { $0.text("name") })
            #expect(second.code == 0 && names.count >= 300, "\(second.code ?? -1)")
            #expect(names.isDisjoint(with: second.all("uploaded").compactMap { $0.text("name") }))
            try await compare(user)
        }
    }

    @Test(
        "archives that the server or a proxy refuses are replaced by single files",
        arguments: [403, 404, 413, 501, 503]
    )
    func refused(status: Int) async throws {
        try await withPontoon { server, user in
            try makeFiles(user, 30)
            let refusal = "HTTP/1.1 \(status) Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            let run = try await FaultInjectionProxy.with(
                server,
                fault: { _ in .respond { $0.hasPrefix(Self.call) ? refusal : nil } }
            ) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await upload(user)
            }
            #expect(run.code == 0 && run.all("uploaded").count == 30, "\(run)")
            try await compare(user)
        }
    }
}
