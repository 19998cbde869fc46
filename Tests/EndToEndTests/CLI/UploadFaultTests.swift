import Foundation
import Glibc
import NIOCore
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// `pontoon upload` with faulty connections and failing servers.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct UploadFaultTests {
    private static let partSize = 5 << 20

    /// Uploads a file through a proxy that injects faults, and compares the stored bytes.
    private func uploads(
        size: Int = 8 * partSize + 17,
        _ flags: [String] = [],
        server arguments: [String] = [],
        fault: @escaping @Sendable (Int) -> FaultInjectionProxy.Fault
    ) async throws -> PontoonRun {
        try await withPontoon(arguments: arguments) { server, user in
            let path = try user.makeFile("f", size: size).string
            let run = try await FaultInjectionProxy.with(server, fault: fault) { proxy in
                var user = user
                user.endpoint = "http://127.0.0.1:\(proxy.port)/v2"
                return try await user.run(
                    ["upload", "--json", "--project", "admin/uploads", "--part-size", "5M"] + flags + [path]
                )
            }
            #expect(run.code == 0, "\(run)")
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: size))
            return run
        }
    }

    @Test("an upload survives lost connections while parts are sent")
    func cut() async throws {
        // However many connections the client opens, one of the first two sends a part.
        let run = try await uploads {
            $0 == 0 || $0 % 3 == 1 ? .cutRequest(after: 300_000 + $0 * 77_777) : .none
        }
        #expect(!run.all("retrying").isEmpty, "\(run)")
    }

    @Test("an upload survives truncated responses")
    func truncated() async throws {
        let run = try await uploads(["--parallel", "2"]) { $0 < 6 ? .cutResponse(after: $0 * 150 + 1) : .none }
        #expect(!run.all("retrying").isEmpty, "\(run)")
    }

    @Test("if the response to the complete call is lost, the call is repeated and creates one file")
    func lostComplete() async throws {
        let cutter = ResponseCutter()
        cutter.cut("/complete HTTP")
        let run = try await uploads { _ in .cutResponses(cutter) }
        #expect(cutter.count == 1)
        #expect(run.all("retrying").contains { $0.text("purpose")?.hasPrefix("complete") == true }, "\(run)")
        #expect(run.all("uploaded").first?.text("verified_by") == "file")
    }

    @Test("a server without extensions is used like the platform", arguments: [[], ["--no-resume"]])
    func withoutExtensions(flags: [String]) async throws {
        let run = try await uploads(flags) { _ in .replaceWord("\"extensions\"", with: "\"extensionz\"") }
        #expect(run.all("started").first?.number("parts") == 9)
        #expect(run.all("uploaded").first?.text("verified_by") == "file")
    }

    @Test("a stalled connection is closed after --timeout")
    func hanging() async throws {
        // With a second connection, the part would be sent over it before the timeout.
        let run = try await uploads(["--timeout", "20", "--parallel", "1"]) { $0 < 2 ? .hang(after: 1 << 20) : .none }
        #expect(run.all("retrying").contains { $0.text("reason")?.contains("no data transferred") == true }, "\(run)")
    }

    @Test("a part on a stalled connection is also sent over another one, before the timeout")
    func slowTail() async throws {
        // The timeout is an hour, so only a second connection can complete the part.
        let flags = ["--parallel", "2", "--timeout", "3600"]
        let run = try await uploads(flags) { $0 == 1 ? .hang(after: 1 << 20) : .none }
        let again = run.all("retrying").first { $0.text("purpose")?.contains("another connection") == true }
        #expect(again != nil, "\(run)")
    }

    @Test("an expired URL is replaced with a new one")
    func expired() async throws {
        let valve = RequestValve("PUT ")
        async let expiry: Void = valve.releaseAfter(.seconds(11))
        let run = try await uploads(size: 2 << 20, server: ["--url-lifetime", "10s"]) { _ in .holdRequests(valve) }
        try await expiry
        #expect(run.all("retrying").contains { $0.text("reason")?.contains("403") == true }, "\(run)")
    }

    @Test(
        "an upload continues after its server was killed and restarted",
        arguments: [StoreChoice.sqliteAndDisk, .sqliteAndS3]
    )
    func restarted(on choice: StoreChoice) async throws {
        let stores = try await TestStores(choice)
        try await withTemporaryFolder { folder in
            let home = folder.appending("home")
            try FileManager.default.createDirectory(atPath: home.string, withIntermediateDirectories: false)
            let data = folder.appending("data")
            let size = 12 * Self.partSize
            let options = ServerOptions(data: data, stores: stores, port: try FreePort.reserve())
            let first = try await withServer(options) { $0 }.value
            let user = PontoonUser(home, first)
            let path = try user.makeFile("f", size: size).string
            let (serving, started) = (Gate(), Gate())
            let run = try await withThrowingTaskGroup(of: PontoonRun.self) { group in
                group.addTask {
                    try await serving.pass()
                    return try await user.upload("--part-size", "5M", "--bwlimit", "20M", path) { event, _ in
                        if event.kind == "part" { started.open() }
                    }
                }
                try await withServer(options) { server in
                    serving.open()
                    try await started.pass()
                    server.signal(SIGKILL)
                }
                // The restarted server runs until the client has finished.
                let ended = Gate()
                return try await withThrowingTaskGroup(of: Void.self) { servers in
                    servers.addTask {
                        try await withServer(options) { server in
                            try await ended.pass()
                            let content = try await server.api.content("f")
                            #expect(content == testBytes(seed: 7, count: size))
                        }
                    }
                    let run = try #require(try await group.next())
                    ended.open()
                    try await servers.waitForAll()
                    return run
                }
            }
            #expect(run.code == 0, "\(run)")
        }
    }

    @Test("if the token is revoked during an upload, the remaining files fail and the client exits with 3")
    func revoked() async throws {
        try await withPontoon { server, user in
            let token = try await server.administer("token", "create", "admin")
            var user = user
            user.token = token
            let paths = try (0..<8).map { try user.makeFile("f\($0)", size: 2 * Self.partSize).string }
            let seen = Counter()
            let flags = ["upload", "--json", "--project", "admin/uploads", "--part-size", "5M", "--bwlimit", "3M"]
            let run = try await user.run(flags + paths) { event, _ in
                guard event.kind == "part", seen.next() == 0 else { return }
                try await server.administer("token", "revoke", "-", input: token)
            }
            #expect(run.code == 3, "\(run)")
            #expect(run.all("failed").count >= 3)
            #expect(run.all("failed").allSatisfy { $0.text("message")?.contains("token") == true })
            #expect(!run.output.contains(token) && !run.errors.contains(token))
        }
    }

    @Test("if the server is unreachable, the client exits with 6 and prints advice")
    func unreachable() async throws {
        try await withPontoon { _, user in
            var user = user
            user.endpoint = "http://127.0.0.1:1/v2"
            let run = try await user.upload("--retries", "2", try user.makeFile("f", size: 1).string)
            #expect(run.code == 6)
            let message = try #require(run.all("error").first?.text("message"))
            #expect(message.contains("127.0.0.1") && message.contains("pontoon doctor"), "\(run)")
        }
    }

    @Test(
        "error messages contain the file, the call and advice",
        arguments: [
            (["--project", "admin/none"], 4, "projects"), (["--parent", "000000000000000000000000"], 4, "folder"),
        ] as [([String], Int, String)]
    )
    func refusals(place: [String], code: Int, word: String) async throws {
        try await withPontoon { _, user in
            let run = try await user.run(["upload", "--json"] + place + [try user.makeFile("f", size: 1).string])
            #expect(run.code == code, "\(run)")
            let message = run.all("failed").first?.text("message") ?? ""
            #expect(message.contains("'f'") && message.contains("PUT /files/content"), "\(run)")
        }
    }
}
