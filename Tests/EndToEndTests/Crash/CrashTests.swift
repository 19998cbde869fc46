import Foundation
import Glibc
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Recovery of a server that was killed at a random moment.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct CrashTests {
    /// To search longer, set another seed or more rounds: `TEST_CRASH_SEED=7 TEST_CRASH_ROUNDS=500 swift test …`.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["TEST_CRASH_SEED"] ?? "") ?? 20_261_123
    private static let rounds = Int(ProcessInfo.processInfo.environment["TEST_CRASH_ROUNDS"] ?? "") ?? 24

    @Test("kill -9 at any moment loses no acknowledged data and leaves no files behind", .timeLimit(.minutes(10)))
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            var random = SeededGenerator(seed: Self.seed)
            var ledger = UploadLedger()
            var acknowledged = 0
            for round in 1...Self.rounds {
                let (before, plan) = (ledger, Round(number: round, using: &random))
                let (after, status) = try await withServer(options) { server in
                    await CrashCheck(server: server, ledger: before, what: "seed \(Self.seed), round \(round - 1)")
                        .run()
                    return await plan.run(server)
                }
                #expect(status == .signaled(SIGKILL), "seed \(Self.seed), round \(round)")
                acknowledged += after.acknowledged
                ledger = after
            }
            let last = ledger
            try await withServer(options) { server in
                await CrashCheck(server: server, ledger: last, what: "seed \(Self.seed), round \(Self.rounds)").run()
            }
            #expect(acknowledged > Self.rounds, "too few parts were stored for this to mean anything")
        }
    }
}

/// One run of a server, from its start until it is killed.
private struct Round: Sendable {
    let number: Int
    /// Number of requests after which the server is killed; in a third of the rounds only those that end uploads count.
    let requests: Int
    let delay: Duration
    let countsEnds: Bool
    let seed: UInt64

    init(number: Int, using random: inout SeededGenerator) {
        self.number = number
        countsEnds = random.happens(33)
        requests = Int.random(in: 1...(countsEnds ? 12 : 150), using: &random)
        delay = .microseconds(Int.random(in: 0...6000, using: &random))
        seed = random.next()
    }

    /// - Returns: What the clients knew when the server died.
    func run(_ server: ServerProcess) async -> UploadLedger {
        let ledger = UploadLedger()
        let (requests, continuation) = AsyncStream.makeStream(of: CrashLoad.Request.self)
        let api = APIClient(origin: server.origin, token: server.token, http: impatientHTTP)
        let load = CrashLoad(api: api, ledger: ledger) { continuation.yield($0) }
        await withTaskGroup { group in
            for client in 1...4 {
                group.addTask { await load.runClient("r\(number)c\(client)", seed: seed &+ UInt64(client)) }
            }
            var left = self.requests
            for await request in requests {
                if !countsEnds || request == .end { left -= 1 }
                if left == 0 { break }
            }
            // A random delay, not a wait for an event.
            try? await Task.sleep(for: delay)
            server.signal(SIGKILL)
        }
        return ledger
    }
}
