import Dispatch
import Synchronization

/// Polls every ten milliseconds until a condition holds.
///
/// - Parameters:
///   - condition: Description of the condition for the error message, such as "the file is closed".
///   - deadline: Maximum time to wait. The default is long, because only a failing test waits this long.
///   - file: Source file of the caller.
///   - line: Source line of the caller.
///   - holds: Returns whether the condition holds.
/// - Throws: ``ContractViolation`` if the condition does not hold before the deadline; any error that `holds` throws.
package func eventually(
    _ condition: @autoclosure () -> String,
    within deadline: Duration = .seconds(240),
    file: String = #fileID,
    line: Int = #line,
    _ holds: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + deadline
    while try await !holds() {
        guard ContinuousClock.now < end else {
            throw ContractViolation("\(file):\(line): condition not met within \(deadline): \(condition())")
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// A gate at which tasks wait until a test opens it.
package final class Gate: Sendable {
    private let state = Mutex((isOpen: false, isReached: false))

    package init() {}

    /// Waits until the gate is open.
    ///
    /// - Throws: `CancellationError` if the task is cancelled, so a failing test does not hang.
    package func pass() async throws {
        state.withLock { $0.isReached = true }
        while !state.withLock({ $0.isOpen }) { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Waits until at least one task has reached the gate.
    ///
    /// - Throws: ``ContractViolation`` if no task does so within four minutes; `CancellationError`.
    package func reached() async throws {
        try await eventually("a task reaches the gate") { state.withLock { $0.isReached } }
    }

    /// Opens the gate for all tasks, including those that reach it later.
    package func open() { state.withLock { $0.isOpen = true } }
}

/// A gate at which a thread waits until a test opens it.
package final class BlockingGate: Sendable {
    private let isThreadWaiting = Mutex(false)
    private let semaphore = DispatchSemaphore(value: 0)

    package init() {}

    /// Blocks the thread until the gate is open, but at most for ten minutes, so that a failing test does not hang.
    package func pass() {
        isThreadWaiting.withLock { $0 = true }
        _ = semaphore.wait(timeout: .now() + .seconds(600))
    }

    /// Waits until a thread has reached the gate.
    ///
    /// - Throws: ``ContractViolation`` if no thread does so within four minutes; `CancellationError`.
    package func reached() async throws {
        try await eventually("a thread reaches the gate") { isThreadWaiting.withLock { $0 } }
    }

    /// Lets one thread pass: a waiting thread or, if there is none, the next one that reaches the gate.
    package func open() { semaphore.signal() }
}
