import CoreMetrics
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonServer

/// The metrics of a server, which `--metrics-listen` exports.
package struct AppMetrics: Sendable {
    package let registry: MetricsRegistry
    let server: ServerMetrics
    let scrub: ScrubMetrics
    let validations: ProgramMetrics
    let hooks: HookMetrics
    let webhooks: WebhookMetrics

    /// - Parameter registry: The registry in which to create the metrics.
    package init(registry: MetricsRegistry = MetricsRegistry()) {
        self.registry = registry
        server = ServerMetrics(factory: registry)
        scrub = ScrubMetrics(factory: registry)
        validations = .validations(factory: registry)
        hooks = HookMetrics(factory: registry)
        webhooks = WebhookMetrics(factory: registry)
        let process = ProcessMetrics()
        registry.collect { process.samples() }
    }

    /// Adds the metrics of opened stores and their readiness to the registry.
    func collect(_ stores: OpenedStores, readiness: Readiness, settings: Settings) {
        let metadata = stores.metadata
        let disk = stores.storage.store as? DiskObjectStore
        registry.collect {
            let database = metadata.activity
            var samples: [MetricsRegistry.Sample] = [
                .init("pontoon_ready", readiness.notReadyReason == nil ? 1 : 0),
                .init("pontoon_database_waiting", database.waiting),
                .init("pontoon_database_connections", database.connections),
                .init("pontoon_database_max_connections", database.maximumConnections),
                .init("pontoon_database_lost_connections_total", database.lostConnections),
            ]
            if !database.commits.isEmpty {
                let sizes = MetricsRegistry.Distribution(counts: database.commits, sum: Double(database.writes))
                samples.append(.init("pontoon_database_commit_writes", .distribution(sizes)))
            }
            if let disk {
                samples += [
                    .init("pontoon_disk_reserved_bytes", settings.disk.reservedSpace),
                    .init("pontoon_disk_operations_waiting", disk.operations),
                    .init("pontoon_disk_threads", settings.disk.threads),
                ]
            }
            return samples
        }
        registry.collect {
            let events = metadata.eventCounts.values
            let recorded = metadata.recordsEvents ? EventType.allCases : []
            var samples = recorded.map { type in
                let count = events.recorded[type] ?? 0
                return MetricsRegistry.Sample("pontoon_events_recorded_total", labels: [type.rawValue], count)
            }
            samples.append(.init("pontoon_events_deleted_total", events.deleted))
            return samples
        }
    }

    /// Adds the metrics of an audit log to the registry.
    func collect(_ audit: AuditLog) {
        registry.collect {
            let lines = audit.statistics
            return [
                .init("pontoon_audit_lines_total", lines.written),
                .init("pontoon_audit_dropped_lines_total", lines.dropped),
            ]
        }
    }
}

/// Counters of the scrub.
struct ScrubMetrics: Sendable {
    /// Number of checks of objects, including those that failed.
    let objects: Counter
    /// Total length in bytes of the checked objects that were intact.
    let bytes: Counter
    /// Number of checks that found damage.
    let damaged: Counter
    /// Number of checks that failed.
    let failed: Counter

    init(factory: any MetricsFactory) {
        objects = Counter(label: "pontoon_scrub_objects_total", factory: factory)
        bytes = Counter(label: "pontoon_scrub_bytes_total", factory: factory)
        damaged = Counter(label: "pontoon_scrub_damaged_total", factory: factory)
        failed = Counter(label: "pontoon_scrub_failed_total", factory: factory)
    }
}
