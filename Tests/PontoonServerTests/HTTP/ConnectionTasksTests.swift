import Logging
import PontoonTesting
import ServiceLifecycle
import Synchronization
import Testing

@testable import PontoonServer

/// Waiting for connection tasks during shutdown, and cancelling them.
@Suite(.timeLimit(.minutes(10)))
struct ConnectionTasksTests {
    @Test("the service finishes when the last task has finished")
    func waiting() async throws {
        let tasks = ConnectionTasks()
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        tasks.start {}
        tasks.start { for await _ in gate {} }
        let group = ServiceGroup(services: [tasks], logger: Logger(label: "test"))
        let service = Task {
            try await group.run()
            return tasks.count
        }
        await group.triggerGracefulShutdown()
        try await eventually("only the second task is left") { tasks.count == 1 }
        opener.finish()
        #expect(try await service.value == 0)
    }

    @Test("cancelling the service cancels the tasks, including later ones")
    func cancelling() async throws {
        let tasks = ConnectionTasks()
        let cancelled = Mutex(0)
        let body: @Sendable () async -> Void = {
            // Iteration ends when the task is cancelled.
            let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
            for await _ in stream {}
            continuation.finish()
            if Task.isCancelled { cancelled.withLock { $0 += 1 } }
        }
        tasks.start(body)
        let service = Task { try await tasks.run() }
        service.cancel()
        try await service.value
        tasks.start(body)
        try await eventually("both tasks have ended") { tasks.count == 0 }
        #expect(cancelled.withLock { $0 } == 2)
    }
}
