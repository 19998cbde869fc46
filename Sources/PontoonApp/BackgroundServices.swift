import Foundation
import Logging
import PontoonCore
import ServiceLifecycle
import UnixSignals

/// Expires uploads, removes garbage and rotates keys, once a minute.
struct MaintenanceService: Service {
    let maintenance: Maintenance
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                // By itself: a round may take long, and a key must not be used for longer than all others verify it.
                group.addTask { await everyMinute(refreshKeys) }
                group.addTask { await everyMinute(tidy) }
            }
        }
    }

    private func everyMinute(_ work: () async -> Void) async {
        while !Task.isCancelled {
            await work()
            guard (try? await Task.sleep(for: .seconds(60))) != nil else { return }
        }
    }

    private func refreshKeys() async {
        do { try await maintenance.refreshKeys() } catch { report(error) }
    }

    private func tidy() async {
        let round = await maintenance.run()
        for id in round.expired { logger.notice("an idle upload was aborted", metadata: ["upload.id": "\(id)"]) }
        for error in round.errors { report(error) }
    }

    private func report(_ error: any Error) {
        if error is CancellationError { return }
        logger.error("housekeeping failed", metadata: ["error": "\(error)"])
    }
}

/// Asks the stores whether they are there.
struct HealthCheckService: Service {
    let readiness: Readiness
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await readiness.run { store, error in
                if let error {
                    logger.error("a store cannot be used", metadata: ["store": "\(store)", "error": "\(error)"])
                } else {
                    logger.notice("a store can be used again", metadata: ["store": "\(store)"])
                }
            }
        }
    }
}

/// Says for a while that requests should go elsewhere, before the server stops to accept them.
struct DrainService: Service {
    let readiness: Readiness
    let duration: Duration

    func run() async throws {
        do { try await gracefulShutdown() } catch is CancellationError { return }
        readiness.stop()
        do { try await Task.sleep(for: duration) } catch is CancellationError {}
    }
}

/// Ends the process at once when it is asked to stop a second time: whoever asks twice does not want to wait for the grace.
///
/// What was acknowledged is safe whenever the process ends, so nothing has to be tidied first.
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

/// Verifies declared MD5s in the background.
struct MD5Service: Service {
    let hasher: PrefixHasher
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await hasher.run { error in
                logger.warning("a part could not be hashed yet", metadata: ["error": "\(error)"])
            }
        }
    }
}
