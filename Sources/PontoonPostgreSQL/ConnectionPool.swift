#if PostgreSQL
import Dispatch
import Foundation
import PontoonMetadata
import Synchronization

/// The current state of a connection pool, and totals since it was opened.
package struct ConnectionPoolStatistics: Hashable, Sendable {
    /// Number of open connections.
    package var connections = 0
    package var maximumConnections = 0
    /// Number of connections that are running a transaction or being opened for one.
    package var busy = 0
    /// Number of transactions waiting for a connection.
    package var waiting = 0
    /// Number of finished transactions, including those that failed or got no connection in time, but not
    /// ``rejected`` transactions.
    package var transactions = 0
    /// Number of times that a transaction waited for a response from the server.
    package var roundTrips = 0
    /// Number of times that a transaction was retried, after a conflict, on a new connection or with statements that
    /// were prepared again.
    package var retries = 0
    package var lostConnections = 0
    /// Number of transactions rejected because too many were waiting.
    package var rejected = 0
}

/// A bounded pool of connections, each on its own thread, with a first-in, first-out queue of waiting transactions.
final class ConnectionPool: Sendable {
    /// A transaction with a waiting caller.
    struct Job: Sendable {
        /// The time after which a worker that takes the job fails it instead of running it.
        let deadline: ContinuousClock.Instant
        /// The function that runs the transaction and resumes the caller.
        let run: @Sendable (ConnectionWorker) -> Void
        /// The function that resumes the caller with an error.
        ///
        /// Called instead of ``run`` if the transaction never started.
        let fail: @Sendable (any Error) -> Void
    }

    /// A worker thread that is waiting for a job.
    private final class IdleWorker: Sendable {
        let id: Int
        private let job = Mutex<Job?>(nil)
        private let semaphore = DispatchSemaphore(value: 0)

        init(id: Int) { self.id = id }

        /// Passes a job to the thread; `nil` makes the thread exit.
        func wake(with next: Job?) {
            job.withLock { $0 = next }
            semaphore.signal()
        }

        /// Waits until ``wake(with:)`` is called.
        ///
        /// - Returns: `false` on timeout.
        func wait(timeout: Duration) -> Bool {
            semaphore.wait(timeout: .now() + .milliseconds(Int(timeout / .milliseconds(1)))) == .success
        }

        func wait() { semaphore.wait() }

        var next: Job? { job.withLock { $0 } }
    }

    private struct State {
        var waiting: [Job] = []
        /// A stack, so that surplus workers stay idle until they time out.
        var idleWorkers: [IdleWorker] = []
        var threads = 0
        var nextID = 0
        var isClosed = false
        /// Callers of ``close()`` that are waiting for the last thread to finish.
        var closeWaiters: [CheckedContinuation<Void, Never>] = []
        var cancellers: [Int: StatementCanceller] = [:]
        var running: Set<Int> = []
        var statistics = ConnectionPoolStatistics()
    }

    private enum Admission {
        case wake(IdleWorker), startThread(Int), queued
        case rejected(SQLError)
    }

    /// The assignment of counter shards to the running write transactions.
    let counterShards = CounterShards()
    private let connector: Connector
    private let settings: PostgreSQLSettings
    private let state = Mutex(State())

    init(_ settings: PostgreSQLSettings) {
        self.settings = settings
        connector = Connector(settings: settings)
    }

    var statistics: ConnectionPoolStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.maximumConnections = settings.maximumConnections
            statistics.connections = state.cancellers.count
            statistics.busy = state.running.count
            statistics.waiting = state.waiting.count
            return statistics
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Assigns a job to an idle or new worker, queues it, or fails it if the queue is full or the pool is closed.
    func submit(_ job: Job) {
        switch state.withLock({ admit(job, &$0) }) {
        case .wake(let worker): worker.wake(with: job)
        case .startThread(let id): startThread(id, job)
        case .queued: break
        case .rejected(let error): job.fail(error)
        }
    }

    private func admit(_ job: Job, _ state: inout State) -> Admission {
        guard !state.isClosed else { return .rejected(SQLError(.other, "the connection pool is closed")) }
        if let worker = state.idleWorkers.popLast() {
            state.running.insert(worker.id)
            return .wake(worker)
        }
        if state.threads < settings.maximumConnections {
            state.threads += 1
            state.nextID += 1
            state.running.insert(state.nextID)
            return .startThread(state.nextID)
        }
        guard state.waiting.count < settings.maximumWaiting else {
            state.statistics.rejected += 1
            return .rejected(
                SQLError(.busy, "no free connection, and \(state.waiting.count) transactions are already waiting")
            )
        }
        state.waiting.append(job)
        return .queued
    }

    private func startThread(_ id: Int, _ job: Job) {
        let thread = Thread { self.runWorker(id, first: job) }
        thread.name = "postgresql-\(id)"
        thread.start()
    }

    /// Runs jobs on the current thread until the thread was idle for too long or the pool was closed.
    private func runWorker(_ id: Int, first: Job) {
        // The scope ensures that the connection is closed before the thread counts as finished.
        do {
            let worker = ConnectionWorker(connector, pool: self, id: id)
            var next: Job? = first
            while let job = next {
                if ContinuousClock.now < job.deadline {
                    job.run(worker)
                } else {
                    job.fail(SQLError(.busy, "no connection became free within the acquire timeout"))
                }
                next = nextJob(id)
            }
        }
        let waiters = state.withLock { state in
            state.cancellers[id] = nil
            state.threads -= 1
            guard state.isClosed, state.threads == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closeWaiters = [] }
            return state.closeWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Waits for the next job of a thread.
    ///
    /// - Returns: The job, or `nil` if the thread must exit, because it was idle for too long or the pool was closed.
    private func nextJob(_ id: Int) -> Job? {
        let worker = IdleWorker(id: id)
        let next: Job?? = state.withLock { state in
            state.statistics.transactions += 1
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.running.remove(id)
            if state.isClosed { return .some(nil) }
            state.idleWorkers.append(worker)
            return nil
        }
        if let next { return next }
        if worker.wait(timeout: settings.idleTimeout) { return worker.next }
        let wasIdle = state.withLock { state in
            let before = state.idleWorkers.count
            state.idleWorkers.removeAll { $0 === worker }
            return state.idleWorkers.count < before
        }
        if wasIdle { return nil }
        // A job was assigned just as the timeout expired.
        worker.wait()
        return worker.next
    }

    /// Rejects new jobs and waits until all worker threads have finished the accepted jobs.
    ///
    /// After the close timeout, fails the jobs that are still waiting and cancels the statements of those that are
    /// running.
    func close() async {
        let idleWorkers = state.withLock { state in
            state.isClosed = true
            defer { state.idleWorkers = [] }
            return state.idleWorkers
        }
        for worker in idleWorkers { worker.wake(with: nil) }
        let milliseconds = Int(settings.closeTimeout / .milliseconds(1))
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { self.cancelAll() }
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                if state.threads > 0 { state.closeWaiters.append(continuation) }
                return state.threads == 0
            }
            if isFinished { continuation.resume() }
        }
    }

    private func cancelAll() {
        let (waiting, cancellers) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting, state.cancellers.filter { state.running.contains($0.key) }.map(\.value))
        }
        for job in waiting { job.fail(SQLError(.other, "the connection pool is closed")) }
        for canceller in cancellers { canceller.cancel() }
    }

    func recordConnection(_ id: Int, _ canceller: StatementCanceller?) {
        state.withLock { $0.cancellers[id] = canceller }
    }

    func recordLostConnection(_ id: Int) {
        state.withLock { state in
            state.cancellers[id] = nil
            state.statistics.lostConnections += 1
        }
    }

    func recordRetry() { state.withLock { $0.statistics.retries += 1 } }

    func record(roundTrips: Int) { state.withLock { $0.statistics.roundTrips += roundTrips } }
}
#endif
