import Logging
import NIOCore
import NIOPosix
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonApp

/// Detection of blocked event loops and of stores that hang.
@Suite(.timeLimit(.minutes(10)))
struct WatchdogTests {
    @Test("a blocked event loop is detected, and so is its recovery")
    func blockedLoop() async throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": "/nowhere"]))
        let watchdog = WatchdogService(
            manager: manager,
            timeout: .seconds(10),
            readiness: Readiness(metadata: Store {}, objects: Store {}),
            eventLoops: loops,
            logger: Logger(label: "test")
        )
        #expect(await watchdog.responds(within: .seconds(60)))
        let gate = BlockingGate()
        loops.next().execute { gate.pass() }
        try await gate.reached()
        #expect(await !watchdog.responds(within: .milliseconds(200)))
        gate.open()
        #expect(await watchdog.responds(within: .seconds(60)))
        try await loops.shutdownGracefully()
    }

    @Test("a store whose check hangs is detected, and an unavailable store does not count as hanging")
    func hangingStore() async throws {
        let gate = Gate()
        let hangs = Readiness(metadata: Store { try await gate.pass() }, objects: Store {})
        let fails = Readiness(
            metadata: Store { throw CancellationError() },
            objects: Store {},
            interval: .seconds(3600)
        )
        let checks = Task { await hangs.run { _, _ in } }
        let others = Task { await fails.run { _, _ in } }
        try await eventually("the check hangs") { hangs.isHanging(for: .zero) }
        #expect(!hangs.isHanging(for: .seconds(3600)))
        try await eventually("the check has failed") { fails.notReadyReason == .metadata }
        #expect(!fails.isHanging(for: .zero))
        for task in [checks, others] { task.cancel() }
        await checks.value
        await others.value
    }
}

private struct Store: ReachableStore {
    let check: @Sendable () async throws -> Void

    init(_ check: @escaping @Sendable () async throws -> Void) { self.check = check }

    func ping() async throws { try await check() }
}
