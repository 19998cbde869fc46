import Logging
import PontoonCore
import ServiceLifecycle

/// The service that carries out jobs, two at a time.
struct FileJobService: Service {
    private static let workers = 2

    let worker: FileJobWorker
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                for _ in 0..<Self.workers {
                    // A low priority, so that jobs do not delay uploads.
                    group.addTask(executorPreference: LowPriorityExecutor.shared) { await work() }
                }
            }
        }
    }

    /// Carries out jobs, and looks for new ones every half second when there are none.
    ///
    /// Logs only the first of several consecutive failures.
    private func work() async {
        var wasFailing = false
        await repeating(every: .milliseconds(500)) {
            do {
                while try await worker.runOnce() { wasFailing = false }
                wasFailing = false
            } catch is CancellationError {
                // The service is being stopped.
            } catch {
                if !wasFailing { logger.error("job processing failed", metadata: ["error": "\(error)"]) }
                wasFailing = true
            }
        }
    }
}
