import NIOCore
import NIOPosix

#if os(Linux)
import Glibc
#endif

/// A task executor whose threads get little processor time while other threads of the process are busy.
///
/// The server runs calls that are not part of an upload or download on this executor, so that expensive ones delay
/// transfers less. Tasks may block its threads.
package final class LowPriorityExecutor: TaskExecutor {
    package static let shared = LowPriorityExecutor()

    private let threads: NIOThreadPool

    /// The nice value of the threads, each of which gets about a tenth of the processor time of a normal thread.
    private static let niceness: CInt = 10

    /// Number of threads: fewer than SQLite has readers, so that they cannot block all readers.
    package static let threadCount = max(2, System.coreCount / 2)

    private init() {
        threads = NIOThreadPool(numberOfThreads: Self.threadCount)
        threads.start()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        threads.submit { _ in
            Self.lowerPriority()
            Self.start.currentValue = Start()
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }

    /// Whether the current task prefers this executor.
    package static var isCurrent: Bool {
        withUnsafeCurrentTask { task in task?.unownedTaskExecutor == shared.asUnownedTaskExecutor() }
    }

    /// Lets other tasks run if the current task has kept its thread for longer than ``turn``; does nothing on the threads
    /// of other executors.
    ///
    /// Blocking operations do not suspend a task. A task that performs many of them in a row would otherwise keep its
    /// thread until it ends, and a few such tasks all threads.
    package static func yieldAfterTurn() async {
        if isTurnOver { await Task.yield() }
    }

    /// Time for which a task may perform blocking operations before it lets others run.
    private static let turn: Duration = .milliseconds(10)

    /// The time since which a thread has been running its current job.
    private final class Start: Sendable {
        let time = ContinuousClock.now
    }

    private static let start = ThreadSpecificVariable<Start>()

    private static var isTurnOver: Bool {
        guard let start = start.currentValue else { return false }
        return ContinuousClock.now - start.time > turn
    }

    /// Lowers the priority of the current thread on Linux; does nothing on other systems.
    private static func lowerPriority() {
        #if os(Linux)
        // On Linux, id 0 means the calling thread, not the whole process.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
        #endif
    }
}
