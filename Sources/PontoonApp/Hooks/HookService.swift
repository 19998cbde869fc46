import CoreMetrics
import Logging
import PontoonCore
import PontoonServer
import ServiceLifecycle

/// The service that runs the program of `--hook-command` for each new file.
struct HookService: Service {
    let hooks: Hooks
    let program: Program
    /// Pause before the next attempt to run hooks, after an error or while another server is running them.
    let interval: Duration
    let metrics: HookMetrics
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var wasFailing = false
            await repeating(every: interval) {
                do {
                    try await hooks.run(runOnce, report: report)
                    wasFailing = false
                } catch is CancellationError {
                    // The service is being stopped.
                } catch {
                    if !wasFailing { logger.error("hook processing failed", metadata: ["error": "\(error)"]) }
                    wasFailing = true
                }
            }
        }
    }

    /// Runs the program for an event, counts the run in the metrics, and logs a failure.
    ///
    /// - Returns: `true` if the program exited with 0.
    @Sendable private func runOnce(_ event: Event, attempt: Int) async throws -> Bool {
        var facts = [
            "PONTOON_EVENT_ID": event.id, "PONTOON_EVENT_TYPE": event.type, "PONTOON_EVENT_SUBJECT": event.subject,
            "PONTOON_ATTEMPT": "\(attempt)",
        ]
        facts["PONTOON_PROJECT"] = event.project?.description
        let run = try await program.run(input: ProgramInput.event(event), facts: facts)
        let isSuccess = run.end == .exited(0)
        metrics.runs.count(isSuccess ? .success : .failed, run.duration)
        if !isSuccess {
            logger.warning(
                "hook failed",
                metadata: [
                    "event": "\(event.id)", "subject": "\(event.subject)", "attempt": "\(attempt)",
                    "end": "\(run.end)", "output": "\(run.lastOutput)",
                ]
            )
        }
        return isSuccess
    }

    @Sendable private func report(_ notice: Hooks.Notice) {
        switch notice {
        case .abandoned(let event):
            metrics.abandoned.increment()
            logger.error(
                "event abandoned by hooks",
                metadata: ["event": "\(event.id)", "subject": "\(event.subject)", "attempts": "\(Hooks.attempts)"]
            )
        case .eventsExpired: logger.error("events missed by hooks; increase --event-retention")
        case .interrupted(let error): logger.error("hook processing failed", metadata: ["error": "\(error)"])
        case .newLog: logger.warning("event log replaced; hooks continue at its end")
        }
    }
}
