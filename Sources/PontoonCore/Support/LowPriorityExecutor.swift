import NIOCore
import NIOPosix
import Synchronization

#if os(Linux)
import Glibc
#endif

/// A task executor whose threads get little processor time while other threads of the process are busy.
///
/// The server runs calls that are not part of an upload or download on this executor, so that expensive calls delay
/// transfers less. Its threads have a low priority and, while transfers need the processors, a ``LowPriorityBudget``.
/// Tasks may block the threads.
package final class LowPriorityExecutor: TaskExecutor {
    package static let shared = LowPriorityExecutor()

    private let threads: NIOThreadPool
    /// Number of file bytes that the process has sent and received.
    private let transferredBytes = Atomic<UInt64>(0)
    private let budget: Mutex<LowPriorityBudget>

    /// The nice value of the threads, with which a thread gets about a tenth of the processor time of a normal thread.
    private static let niceness: CInt = 10

    /// Number of threads, which is less than the number of SQLite's readers so that the threads cannot block all
    /// readers.
    package static let threadCount = max(2, System.coreCount / 2)

    private init() {
        let totals = LowPriorityBudget.Totals(transferredBytes: 0, processorTime: Self.processorTime)
        budget = Mutex(LowPriorityBudget(cores: System.coreCount, totals: totals, now: .now))
        threads = NIOThreadPool(numberOfThreads: Self.threadCount)
        threads.start()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        threads.submit { _ in
            Self.lowerPriority()
            Self.start.currentValue = Start()
            let before = Self.threadTime
            job.runSynchronously(on: self.asUnownedTaskExecutor())
            self.rest(after: Self.threadTime - before)
        }
    }

    /// Counts file bytes that were sent or received.
    package func transferred(_ bytes: Int) {
        transferredBytes.wrappingAdd(UInt64(clamping: bytes), ordering: .relaxed)
    }

    private func rest(after used: Duration) {
        // The totals are read under the lock, so that they never decrease from one call to the next.
        let rest = budget.withLock { $0.use(used, now: .now) { totals } }
        if rest > .zero { Self.sleep(rest) }
    }

    private var totals: LowPriorityBudget.Totals {
        LowPriorityBudget.Totals(
            transferredBytes: transferredBytes.load(ordering: .relaxed),
            processorTime: Self.processorTime
        )
    }

    /// Whether the current task prefers this executor.
    package static var isCurrent: Bool {
        withUnsafeCurrentTask { task in task?.unownedTaskExecutor == shared.asUnownedTaskExecutor() }
    }

    /// Lets other tasks run if the current task has used its thread for longer than ``turn``.
    ///
    /// Blocking operations do not suspend a task. Without this call, a task that performs many of them in a row would
    /// occupy its thread until it ends, and a few such tasks would occupy all threads. Does nothing on the threads of
    /// other executors.
    package static func yieldAfterTurn() async {
        if isTurnOver { await Task.yield() }
    }

    /// Time for which a task may perform blocking operations before it lets others run.
    private static let turn: Duration = .milliseconds(10)

    /// The time at which a thread started its current job.
    private final class Start: Sendable {
        let time = ContinuousClock.now
    }

    private static let start = ThreadSpecificVariable<Start>()

    private static var isTurnOver: Bool {
        guard let start = start.currentValue else { return false }
        return ContinuousClock.now - start.time > turn
    }
}

// MARK: - Linux

/// On other systems, the threads have the usual priority and never rest.
extension LowPriorityExecutor {
    /// Lowers the priority of the current thread.
    private static func lowerPriority() {
        #if os(Linux)
        // On Linux, id 0 means the calling thread, not the whole process.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
        #endif
    }

    /// The processor time that the current thread has used.
    private static var threadTime: Duration {
        #if os(Linux)
        return time(of: CLOCK_THREAD_CPUTIME_ID)
        #else
        return .zero
        #endif
    }

    /// The processor time that all threads of the process have used.
    private static var processorTime: Duration {
        #if os(Linux)
        return time(of: CLOCK_PROCESS_CPUTIME_ID)
        #else
        return .zero
        #endif
    }

    #if os(Linux)
    private static func time(of clock: clockid_t) -> Duration {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return .zero }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    #endif

    private static func sleep(_ duration: Duration) {
        #if os(Linux)
        usleep(UInt32(clamping: Int64(duration / .microseconds(1))))
        #endif
    }
}
