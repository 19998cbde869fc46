import Foundation
import Glibc
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Recovery of a server that was killed at a random moment.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct CrashTests {
    /// To run a longer or different test, set the number of rounds and the seed: `TEST_CRASH_SEED=7
    /// TEST_CRASH_ROUNDS=500 swift test …`.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["TEST_CRASH_SEED"] ?? "") ?? 20_261_123
    private static let rounds = Int(ProcessInfo.processInfo.environment["TEST_CRASH_ROUNDS"] ?? "") ?? 24

    @Test("kill -9 at a random moment loses no acknowledged data and leaves no files behind", .timeLimit(.minutes(30)))
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            var random = SeededGenerator(seed: Self.seed)
            var ledger = UploadLedger()
            var acknowledged = 0
            for round in 1...Self.rounds {
                let (before, plan) = (ledger, CrashRound(number: round, using: &random))
                let (after, status) = try await withServer(options) { server in
                    await CrashCheck(server: server, ledger: before, what: "seed \(Self.seed), round \(round - 1)")
                        .run()
                    return try await plan.run(server) { server.signal(SIGKILL) }
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
