import Foundation
import Logging
import PontoonCore
import ServiceLifecycle
import UnixSignals

/// The service that refreshes the signing keys every minute and runs maintenance.
///
/// On a read-only server, it only refreshes the keys.
struct MaintenanceService: Service {
    let maintenance: Maintenance
    let isReadOnly: Bool
    /// The upload lifetime or the reservation lifetime, whichever is shorter.
    ///
    /// Maintenance pauses for a tenth of this period after each run, but for at least a second and at most a minute.
    let shortestLifetime: Duration
    /// Records the expiry of uploads; `nil` if there is no audit log.
    let audit: (any AuditSink)?
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                // These are separate tasks, because maintenance can be slow but keys must be refreshed on time.
                group.addTask { await repeating(every: .seconds(60), refreshKeys) }
                if isReadOnly { return }
                let interval = max(.seconds(1), min(.seconds(60), shortestLifetime / 10))
                group.addTask { await repeating(every: interval, runMaintenance) }
            }
        }
    }

    private func refreshKeys() async {
        do { try await maintenance.refreshKeys() } catch { log("key refresh failed", error) }
    }

    func runMaintenance() async {
        let report = await maintenance.run()
        for id in report.expired {
            logger.notice("upload expired", metadata: ["upload.id": "\(id)"])
            audit?.record(
                AuditEntry(
                    time: Date(),
                    action: .uploadExpire,
                    result: .success,
                    object: AuditEntry.Object(id: id)
                )
            )
        }
        for error in report.errors { log("maintenance failed", error) }
    }

    private func log(_ failure: Logger.Message, _ error: any Error) {
        if error is CancellationError { return }
        logger.error(failure, metadata: ["error": "\(error)"])
    }
}

/// Runs `work` immediately and then repeatedly, with a pause of `interval` after each run, until the task is cancelled.
func repeating(every interval: Duration, _ work: () async -> Void) async {
    while !Task.isCancelled {
        await work()
        guard (try? await Task.sleep(for: interval)) != nil else { return }
    }
}

/// The service that checks the availability of the stores every two seconds and logs changes.
struct HealthCheckService: Service {
    let readiness: Readiness
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await readiness.run { store, error in
                if let error {
                    logger.error("store unavailable", metadata: ["store": "\(store)", "error": "\(error)"])
                } else {
                    logger.notice("store available again", metadata: ["store": "\(store)"])
                }
            }
        }
    }
}

/// The service that delays shutdown by the drain period.
///
/// During this period, `/readyz` fails, but the server still accepts requests.
struct DrainService: Service {
    let readiness: Readiness
    let duration: Duration
    let manager: ServiceManager?
    let logger: Logger

    func run() async throws {
        do { try await gracefulShutdown() } catch is CancellationError { return }
        logger.notice("server stopping")
        readiness.stop()
        manager?.notifyStopping()
        do { try await Task.sleep(for: duration) } catch is CancellationError {}
    }
}

/// The service that exits the process on the second SIGTERM or SIGINT, without waiting for the grace period.
///
/// No cleanup is necessary, because acknowledged data survives an exit at any time.
struct ForcedShutdownService: Service {
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isStopping = false
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                if isStopping { exit(EXIT_FAILURE) }
                isStopping = true
            }
        }
    }
}

/// The service that computes the MD5 of uploads that declare one, while their parts arrive.
///
/// A failure only delays completing the upload, which then has more bytes to hash.
struct MD5Service: Service {
    let hasher: PrefixHasher
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await hasher.run { id, error in
                logger.warning("background hashing failed", metadata: ["upload.id": "\(id)", "error": "\(error)"])
            }
        }
    }
}
