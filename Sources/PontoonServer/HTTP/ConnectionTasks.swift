import ServiceLifecycle
import Synchronization

/// The tasks that handle connections, and the service that waits for them when the server stops.
///
/// The tasks are not children of the server's task group, because removing a child from a group takes time proportional
/// to the number of children. With thousands of idle connections, the removal would take most of the processor time of
/// a short connection.
final class ConnectionTasks: Service {
    private struct State {
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var nextID: UInt64 = 0
        var isCancelled = false
        /// The caller of ``run()``, resumed when the last task has ended.
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Number of tasks that have not ended.
    var count: Int { state.withLock { $0.tasks.count } }

    /// Starts a task on an executor, with the caller's task-local values.
    func start(
        on executor: any TaskExecutor = globalConcurrentExecutor,
        _ body: @escaping @Sendable () async -> Void
    ) {
        state.withLock { state in
            let id = state.nextID
            state.nextID &+= 1
            let task = Task(executorPreference: executor) {
                await body()
                self.end(id)
            }
            state.tasks[id] = task
            if state.isCancelled { task.cancel() }
        }
    }

    private func end(_ id: UInt64) {
        let waiter = state.withLock { state in
            state.tasks[id] = nil
            return state.tasks.isEmpty ? state.waiter.take() : nil
        }
        waiter?.resume()
    }

    /// Runs until the service is shut down and all tasks have ended.
    ///
    /// If the service is cancelled, cancels all tasks, including those started later.
    func run() async throws {
        await withTaskCancellationHandler {
            // Throws only if this task is cancelled.
            try? await gracefulShutdown()
            await withCheckedContinuation { continuation in
                let isIdle = state.withLock { state in
                    if !state.tasks.isEmpty { state.waiter = continuation }
                    return state.tasks.isEmpty
                }
                if isIdle { continuation.resume() }
            }
        } onCancel: {
            let tasks = state.withLock { state in
                state.isCancelled = true
                return Array(state.tasks.values)
            }
            for task in tasks { task.cancel() }
        }
    }
}
