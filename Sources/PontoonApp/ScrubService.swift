import CoreMetrics
import Logging
import PontoonCore
import ServiceLifecycle

/// The service that scrubs objects when their check is due or a client requests one.
struct ScrubService: Service {
    let scrub: BackgroundScrub
    let metrics: ScrubMetrics
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await attempting(every: .seconds(60), runPeriodic) }
                // Requested checks start sooner, because a client waits for the result.
                group.addTask { await attempting(every: .seconds(2), runRequested) }
            }
        }
    }

    /// Runs `work` repeatedly, with a pause after each run, and logs only the first of several consecutive failures.
    private func attempting(every interval: Duration, _ work: () async throws -> Void) async {
        var wasFailing = false
        await repeating(every: interval) {
            do {
                try await work()
                wasFailing = false
            } catch is CancellationError {
                // The service is being stopped.
            } catch {
                if !wasFailing { logger.error("scrub failed", metadata: ["error": "\(error)"]) }
                wasFailing = true
            }
        }
    }

    private func runPeriodic() async throws {
        guard let totals = try await scrub.runPeriodic(report: report), totals.objects > 0 else { return }
        logger.info(
            "scrub finished",
            metadata: [
                "objects": "\(totals.objects)", "bytes": "\(totals.bytes)", "damaged": "\(totals.damaged)",
                "failed": "\(totals.failed)",
            ]
        )
    }

    private func runRequested() async throws { try await scrub.runRequested(report: report) }

    @Sendable private func report(_ check: ObjectCheck) async {
        metrics.objects.increment()
        switch check.outcome {
        case .verified, .readable:
            metrics.bytes.increment(by: check.object.size)
            if check.object.verification.damage != nil {
                let metadata = await metadata(of: check)
                logger.notice("object no longer damaged", metadata: metadata)
            }
        case .damaged(let damage):
            metrics.damaged.increment()
            var metadata = await metadata(of: check)
            metadata["damage"] = "\(damage)"
            metadata["size"] = "\(check.object.size)"
            logger.error("object damaged", metadata: metadata)
        case .failed(let reason):
            metrics.failed.increment()
            var metadata = await metadata(of: check)
            metadata["error"] = "\(reason)"
            logger.error("object not checked", metadata: metadata)
        }
    }

    private func metadata(of check: ObjectCheck) async -> Logger.Metadata {
        let files = (try? await scrub.files(of: check.object)) ?? []
        return [
            "object": "\(check.object.key.rawValue)",
            // An object can have many copies.
            "files": .array(files.prefix(20).map { "\($0)" }),
        ]
    }
}
