import NIOCore

/// A task executor that runs the tasks of a connection on its event loop, so that I/O and request handling stay on one
/// thread.
///
/// The tasks must not block; file and database operations run on other threads.
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
