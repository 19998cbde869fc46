#if PostgreSQL
import Dispatch
import Foundation
import Synchronization

/// A bounded number of connections, each on a thread of its own, and those who wait for one, first come, first served.
final class PostgreSQLPool: Sendable {
    /// A transaction that somebody waits for.
    struct Job: Sendable {
        /// When it is not worth beginning any more.
        let deadline: ContinuousClock.Instant
        /// Runs it and tells who asked.
        let run: @Sendable (PostgreSQLSession) -> Void
        /// Tells who asked that nothing was changed.
        let fail: @Sendable (any Error) -> Void
    }

    /// A thread without work.
    private final class Idler: Sendable {
        let id: Int
        private let job = Mutex<Job?>(nil)
        private let semaphore = DispatchSemaphore(value: 0)

        init(id: Int) { self.id = id }

        func wake(with next: Job?) {
            job.withLock { $0 = next }
            semaphore.signal()
        }

        /// - Returns: Whether it was woken.
        func wait(atMost limit: Duration) -> Bool {
            semaphore.wait(timeout: .now() + .milliseconds(Int(limit / .milliseconds(1)))) == .success
        }

        func wait() { semaphore.wait() }

        var next: Job? { job.withLock { $0 } }
    }

    private struct State {
        var waiting: [Job] = []
        /// Last in, first out: what is not needed stays idle and is given back.
        var idlers: [Idler] = []
        var threads = 0
        var nextID = 0
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
        var cancellers: [Int: PostgreSQLCanceller] = [:]
        var running: Set<Int> = []
        var statistics = SQLPoolStatistics()
    }

    private enum Admission {
        case wake(Idler), start(Int), queued
        case refused(SQLError)
    }

    private let connector: PostgreSQLConnector
    private let settings: PostgreSQLSettings
    private let state = Mutex(State())

    init(_ settings: PostgreSQLSettings) {
        self.settings = settings
        connector = PostgreSQLConnector(settings: settings)
    }

    var statistics: SQLPoolStatistics {
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

    /// Hands a transaction to a connection, or lets it wait for one.
    func submit(_ job: Job) {
        switch state.withLock({ admit(job, &$0) }) {
        case .wake(let idler): idler.wake(with: job)
        case .start(let id): start(id, job)
        case .queued: break
        case .refused(let error): job.fail(error)
        }
    }

    private func admit(_ job: Job, _ state: inout State) -> Admission {
        guard !state.isClosed else { return .refused(SQLError(.other, "the database is closed")) }
        if let idler = state.idlers.popLast() {
            state.running.insert(idler.id)
            return .wake(idler)
        }
        if state.threads < settings.maximumConnections {
            state.threads += 1
            state.nextID += 1
            state.running.insert(state.nextID)
            return .start(state.nextID)
        }
        guard state.waiting.count < settings.maximumWaiting else {
            state.statistics.refused += 1
            return .refused(SQLError(.busy, "\(state.waiting.count) transactions wait for a connection already"))
        }
        state.waiting.append(job)
        return .queued
    }

    private func start(_ id: Int, _ job: Job) {
        let thread = Thread { self.work(id, job) }
        thread.name = "postgresql-\(id)"
        thread.start()
    }

    /// What a thread does until it is not needed.
    private func work(_ id: Int, _ first: Job) {
        // The connection goes before others are told that this thread has ended.
        do {
            let session = PostgreSQLSession(connector, pool: self, id: id)
            var next: Job? = first
            while let job = next {
                if ContinuousClock.now < job.deadline {
                    job.run(session)
                } else {
                    job.fail(SQLError(.busy, "no connection became free in time"))
                }
                next = nextJob(id)
            }
        }
        let closers = state.withLock { state in
            state.cancellers[id] = nil
            state.threads -= 1
            guard state.isClosed, state.threads == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }

    /// - Returns: `nil` when the thread is not needed any more.
    private func nextJob(_ id: Int) -> Job? {
        let idler = Idler(id: id)
        let next: Job?? = state.withLock { state in
            state.statistics.transactions += 1
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.running.remove(id)
            if state.isClosed { return .some(nil) }
            state.idlers.append(idler)
            return nil
        }
        if let next { return next }
        if idler.wait(atMost: settings.idleTimeout) { return idler.next }
        let isAlone = state.withLock { state in
            let before = state.idlers.count
            state.idlers.removeAll { $0 === idler }
            return state.idlers.count < before
        }
        if isAlone { return nil }
        // It was given work at the last moment.
        idler.wait()
        return idler.next
    }

    /// Refuses what is asked from now on, waits for what was accepted, and cancels that when it takes too long.
    func close() async {
        let idlers = state.withLock { state in
            state.isClosed = true
            defer { state.idlers = [] }
            return state.idlers
        }
        for idler in idlers { idler.wake(with: nil) }
        let milliseconds = Int(settings.closeTimeout / .milliseconds(1))
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { self.cancelAll() }
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.threads > 0 { state.closers.append(continuation) }
                return state.threads == 0
            }
            if isEmpty { continuation.resume() }
        }
    }

    private func cancelAll() {
        let (waiting, cancellers) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting, state.cancellers.filter { state.running.contains($0.key) }.map(\.value))
        }
        for job in waiting { job.fail(SQLError(.other, "the database is closed")) }
        for canceller in cancellers { canceller.cancel() }
    }

    func noteConnection(_ id: Int, _ canceller: PostgreSQLCanceller?) {
        state.withLock { $0.cancellers[id] = canceller }
    }

    func noteLostConnection(_ id: Int) {
        state.withLock { state in
            state.cancellers[id] = nil
            state.statistics.lostConnections += 1
        }
    }

    func noteRepetition() { state.withLock { $0.statistics.repetitions += 1 } }

    func note(roundTrips: Int) { state.withLock { $0.statistics.roundTrips += roundTrips } }
}
#endif
