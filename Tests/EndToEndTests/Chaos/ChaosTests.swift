import Foundation
import PontoonTesting
import Testing

/// Three servers on PostgreSQL and S3.
///
/// Random components fail while clients work.
@Suite(.tags(.endToEnd, .needsPostgreSQL))
struct ChaosTests {
    /// To run a longer or different test, set the duration and the seed: `TEST_CHAOS_SEED=7 TEST_CHAOS_SECONDS=1200
    /// swift test …`.
    private static let seed = UInt64(ProcessInfo.processInfo.environment["TEST_CHAOS_SEED"] ?? "") ?? 20_261_127
    private static let seconds = Int(ProcessInfo.processInfo.environment["TEST_CHAOS_SECONDS"] ?? "") ?? 30

    @Test(
        "acknowledged changes survive all failures, and the bucket contains exactly the objects of the files",
        .timeLimit(.minutes(30 + seconds / 30))
    )
    func chaos() async throws {
        print("ChaosTests: TEST_CHAOS_SEED=\(Self.seed) TEST_CHAOS_SECONDS=\(Self.seconds)")
        try await Cluster.with { cluster in
            try await cluster.withRestartableServers(3) { servers in
                try await withCaddy(servers.map(\.address)) { site in
                    let proxy = APIClient(origin: site, token: servers[0].api.token, http: impatientHTTP)
                    try await run(cluster, servers, ChaosCalls(servers.map(\.api) + [proxy]))
                }
            }
            try await cluster.expectNothingLeft()
        }
    }

    private func run(_ cluster: Cluster, _ servers: [RestartableServer], _ calls: ChaosCalls) async throws {
        let faults = ChaosFaults(cluster, servers, calls)
        let isOver = Switch()
        let ledgers = try await withThrowingTaskGroup { group in
            for number in 1...8 {
                group.addTask {
                    var client = ChaosClient(number, calls: calls, seed: Self.seed) { faults.count(.bucket) }
                    return await client.run(until: isOver)
                }
            }
            try await faults.run(for: .seconds(Self.seconds), seed: Self.seed)
            isOver.turnOn()
            return try await group.reduce(into: [ChaosLedger]()) { $0.append($1) }
        }
        let changes = ledgers.map(\.acknowledged).reduce(0, +)
        let failures = ChaosFaults.Kind.allCases.map { "\($0) \(faults.count($0))" }
        print("ChaosTests: \(changes) acknowledged changes; failures: \(failures.joined(separator: ", "))")
        try await ChaosCheck(calls: calls, ledgers: ledgers).run()
        #expect(changes > Self.seconds, "too few changes for this to mean anything")
    }
}
