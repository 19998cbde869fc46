import Logging
import NIOCore
import PontoonCore
import ServiceLifecycle
import Synchronization

/// The service that sends keep-alive messages to the service manager as long as the server responds.
///
/// The server responds if this task and every event loop run, and no check of a store has been hanging for a minute.
/// An unavailable store does not stop the messages, because restarting the server would not help.
struct WatchdogService: Service {
    let manager: ServiceManager
    /// Time within which the manager expects a keep-alive message.
    let timeout: Duration
    let readiness: Readiness
    let eventLoops: any EventLoopGroup
    let logger: Logger

    /// Duration after which a check of a store counts as hanging.
    static let maximumCheckDuration = Duration.seconds(60)

    /// Runs until all services that started later have stopped, because the manager expects messages until then.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            // Twice within the timeout, as sd_watchdog_enabled(3) recommends.
            await repeating(every: timeout / 2) {
                if await responds(within: timeout / 4) {
                    manager.notifyAlive()
                } else if !Task.isCancelled {
                    logger.error("server not responding; keep-alive message not sent")
                }
            }
        }
    }

    /// Returns whether the server responds within a time limit; `false` also if the task is cancelled while it waits.
    func responds(within limit: Duration) async -> Bool {
        guard !readiness.isHanging(for: Self.maximumCheckDuration) else { return false }
        let loops = Array(eventLoops.makeIterator())
        let silent = Countdown(loops.count)
        for loop in loops { loop.execute { silent.decrement() } }
        let deadline = ContinuousClock.now + limit
        while silent.value > 0 {
            guard .now < deadline, (try? await Task.sleep(for: limit / 20)) != nil else { return false }
        }
        return true
    }
}

/// The number of event loops that have not run yet.
private final class Countdown: Sendable {
    private let count: Atomic<Int>

    init(_ count: Int) { self.count = Atomic(count) }

    var value: Int { count.load(ordering: .relaxed) }
    func decrement() { count.subtract(1, ordering: .relaxed) }
}
