import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Memory use and clock independence of `pontoon upload`.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ResourceTests {
    @Test("memory does not depend on the part size, and the token is not a command-line argument")
    func memory() async throws {
        try await withPontoon { server, user in
            let size = 200 << 20
            let path = try user.makeFile("f", size: size).string
            let seen = Counter()
            // All bytes are sent and the client is waiting for the response to the complete call, so it is still
            // running.
            let run = try await user.held(at: "/complete", server) { user, valve in
                try await user.upload("--part-size", "256M", "--max-memory", "64M", path) { event, pid in
                    guard event.kind == "verifying", seen.next() == 0 else { return }
                    try await valve.holding()
                    let process = try ProcessFacts(pid)
                    #expect(process.peakMemory < 96 << 20, "\(process.peakMemory)")
                    #expect(!process.arguments.contains(user.token))
                    valve.release()
                }
            }
            #expect(run.code == 0 && run.parts == [1], "\(run)")
            #expect(seen.next() == 1)
            #expect(run.all("uploaded").first?.text("verified_by") == "file", "\(run)")
            #expect(!run.output.contains(user.token) && !run.output.contains("signature="))
        }
    }

    @Test(
        "a clock that is two hours off does not affect uploads, and doctor reports it",
        arguments: [-2, 2],
        [StoreChoice.sqliteAndDisk, .sqliteAndS3]
    )
    func clock(hours: Int, on choice: StoreChoice) async throws {
        try await withPontoon(on: TestStores(choice)) { server, user in
            let size = (10 << 20) + 1
            let path = try user.makeFile("f", size: size).string
            var user = user
            user.wrapper = ["/usr/bin/faketime", "-f", "\(hours > 0 ? "+" : "")\(hours)h"]
            user.environment = ["FAKETIME_DONT_FAKE_MONOTONIC": "1"]
            let run = try await user.upload("--part-size", "5M", path)
            #expect(run.code == 0 && run.all("retrying").isEmpty, "\(run)")
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: size))
            let doctor = try await user.run(["doctor", "--json"])
            #expect(doctor.code == 0, "\(doctor)")
            let clock = doctor.all("check").first { $0.text("check") == "clock" }
            #expect(clock?.text("verdict") == "warning", "\(doctor)")
        }
    }
}
