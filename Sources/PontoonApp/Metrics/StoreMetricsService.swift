import Foundation
import Logging
import PontoonCore
import PontoonObjects
import ServiceLifecycle
import Synchronization

/// The service that computes metrics that are too expensive to compute whenever the metrics are read.
///
/// It counts rows of the database, and queries the free space of the disk for objects. Counting can take a long time if
/// there are many rows. The pause after each count is therefore at least 100 times as long as the count, so that
/// counting uses at most 1% of the time of one connection.
final class StoreMetricsService: Service {
    private struct State {
        var totals: (totals: StoreTotals, time: Date)?
        var space: (free: Int64, size: Int64)?
    }

    private let metadata: any StoreTotalsSource
    /// The object store on disk; `nil` if the objects are in a bucket.
    private let disk: DiskObjectStore?
    private let logger: Logger
    private let state = Mutex(State())

    /// Minimum pause between two counts of rows.
    static let interval = Duration.seconds(60)
    /// Pause between two queries of the free space on the disk.
    private static let spaceInterval = Duration.seconds(5)

    init(metadata: any StoreTotalsSource, disk: DiskObjectStore?, logger: Logger) {
        self.metadata = metadata
        self.disk = disk
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.countRepeatedly() }
                if let disk = self.disk {
                    group.addTask { await repeating(every: Self.spaceInterval) { await self.updateSpace(of: disk) } }
                }
            }
        }
    }

    private func countRepeatedly() async {
        while !Task.isCancelled {
            let start = ContinuousClock.now
            await count()
            let pause = max(Self.interval, (ContinuousClock.now - start) * 100)
            guard (try? await Task.sleep(for: pause)) != nil else { return }
        }
    }

    /// Counts the rows of the database once.
    ///
    /// If this fails, logs a warning and keeps the previous values.
    func count() async {
        do {
            let totals = try await metadata.storeTotals()
            state.withLock { $0.totals = (totals, Date()) }
        } catch is CancellationError {
            // The service is being stopped.
        } catch {
            logger.warning("metrics totals not updated", metadata: ["error": "\(error)"])
        }
    }

    private func updateSpace(of disk: DiskObjectStore) async {
        // If this fails, the space is not exported until a query succeeds. The health check reports the failure.
        let space = try? await disk.space()
        state.withLock { $0.space = space }
    }

    /// Returns the most recent values, without those that have not been computed yet or are unknown.
    func samples() -> [MetricsRegistry.Sample] {
        let state = state.withLock { $0 }
        var samples: [MetricsRegistry.Sample] = []
        if let (totals, time) = state.totals {
            samples += [
                .init("pontoon_stored_bytes", totals.bytes),
                .init("pontoon_stored_objects", totals.objects),
                .init("pontoon_open_uploads", totals.openUploads),
                .init("pontoon_open_upload_declared_bytes", totals.openUploadBytes),
                .init("pontoon_open_upload_reserved_bytes", totals.reservedBytes),
                .init("pontoon_discarded_objects", totals.discardedObjects),
                .init("pontoon_damaged_objects", totals.damagedObjects),
                .init(
                    "pontoon_webhook_oldest_undelivered_timestamp_seconds",
                    .number(totals.oldestUndelivered?.timeIntervalSince1970 ?? 0)
                ),
                .init("pontoon_totals_updated_timestamp_seconds", .number(time.timeIntervalSince1970)),
            ]
        }
        if let (free, size) = state.space, free < .max {
            samples += [.init("pontoon_disk_free_bytes", free), .init("pontoon_disk_size_bytes", size)]
        }
        return samples
    }
}
