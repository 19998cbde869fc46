import PontoonCore
import PontoonTesting
import Testing

/// The availability of stores as seen by the server.
@Suite(.timeLimit(.minutes(10)))
struct ReadinessTests {
    @Test("a store that stops responding is reported once, and again when it responds")
    func hanging() async throws {
        let gate = Gate()
        let readiness = Readiness(
            metadata: RespondingStore(),
            objects: HangingStore(gate: gate),
            interval: .milliseconds(5),
            timeout: .milliseconds(50)
        )
        let (reports, continuation) = AsyncStream.makeStream(of: String.self)
        let task = Task {
            await readiness.run { store, error in
                // The metadata store is ignored. On a busy machine, even its immediate response may be too late.
                if store == .objects { continuation.yield(error.map { "\($0)" } ?? "available") }
            }
        }
        var iterator = reports.makeAsyncIterator()
        #expect(await iterator.next() == "no response within 0.05 seconds")
        #expect(readiness.notReadyReason != nil)
        gate.open()
        #expect(await iterator.next() == "available")
        try await eventually("both stores are available") { readiness.notReadyReason == nil }
        task.cancel()
        await task.value
    }
}

private struct RespondingStore: ReachableStore {
    func ping() async throws {}
}

private struct HangingStore: ReachableStore {
    let gate: Gate

    func ping() async throws { try await gate.pass() }
}
