import NIOCore

/// Runs the tasks of a connection on its own event loop, so that neither its bytes nor its calls change threads on their
/// way through the server.
///
/// What runs there must not wait: file calls and databases have threads of their own.
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
