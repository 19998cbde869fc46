import NIOCore
import NIOPosix

#if os(Linux)
import Glibc
#endif

/// A task executor whose threads run only a little while other threads of the process need the processor.
///
/// The server runs calls on it that are not part of an upload or download, so that expensive ones delay uploads less.
/// Tasks may block its threads.
package final class LowPriorityExecutor: TaskExecutor {
    package static let shared = LowPriorityExecutor()

    private let threads: NIOThreadPool

    /// The nice value of the threads: each gets about a tenth of the time of a normal thread.
    private static let niceness: CInt = 10

    private init() {
        // Fewer than the readers of a database, some of which remain for other tasks.
        threads = NIOThreadPool(numberOfThreads: max(2, System.coreCount / 2))
        threads.start()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        threads.submit { _ in
            Self.lowerPriority()
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }

    /// Whether the current task prefers this executor.
    package static var isCurrent: Bool {
        withUnsafeCurrentTask { task in task?.unownedTaskExecutor == shared.asUnownedTaskExecutor() }
    }

    /// Lowers the priority of the current thread, unless the system refuses it.
    private static func lowerPriority() {
        #if os(Linux)
        // On Linux, 0 means the thread.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
        #endif
    }
}
