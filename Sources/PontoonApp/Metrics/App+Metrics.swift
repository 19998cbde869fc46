import Logging
import NIOCore
import PontoonCore
import PontoonObjects
import PontoonServer
import ServiceLifecycle

extension App {
    /// Returns the services that compute and export the metrics; an empty array if metrics are not exported.
    ///
    /// Must be called only once, because it adds the metrics of the stores and of the audit log to the registry.
    func metricsServices() -> [any Service] {
        guard let metrics, let address = settings.metricsListen else { return [] }
        metrics.collect(stores, readiness: useCases.readiness, settings: settings)
        if let audit { metrics.collect(audit) }
        let totals = StoreMetricsService(
            metadata: stores.metadata,
            disk: stores.storage.store as? DiskObjectStore,
            logger: logger
        )
        metrics.registry.collect { totals.samples() }
        return [totals, MetricsListener(address: address, registry: metrics.registry, logger: logger)]
    }
}

/// The service that exports the metrics over HTTP.
struct MetricsListener: Service {
    let address: ListenAddress
    let registry: MetricsRegistry
    let logger: Logger

    /// - Throws: ``SettingError`` if the server cannot listen on the address.
    func run() async throws {
        let server = buildMetricsServer(
            at: address,
            logger: logger,
            text: { registry.text },
            onReady: { channel in
                var listening = address
                if case .tcp(let host, _) = address, let port = channel.localAddress?.port {
                    listening = .tcp(host: host, port: port)
                }
                logger.info("metrics available", metadata: ["address": "\(listening)"])
            }
        )
        do {
            try await server.run()
        } catch {
            throw App.cannotListen(.metricsListen, address, error) ?? error
        }
    }
}
