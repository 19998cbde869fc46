import Logging
import NIOCore
import PontoonCore
import PontoonObjects
import PontoonServer
import ServiceLifecycle
import SystemPackage

extension App {
    /// The services that compute and export the metrics; none if metrics are not exported.
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
            host: address.host,
            port: address.port,
            logger: logger,
            text: { registry.text },
            onReady: { channel in
                let port = channel.localAddress?.port ?? address.port
                let host = address.host.contains(":") ? "[\(address.host)]" : address.host
                logger.info("metrics available", metadata: ["url": "http://\(host):\(port)/metrics"])
            }
        )
        do {
            try await server.run()
        } catch let error as IOError {
            throw cannotListen("\(Errno(rawValue: error.errnoCode))")
        } catch is SocketAddressError.UnknownHost {
            throw cannotListen("unknown host")
        }
    }

    private func cannotListen(_ reason: String) -> SettingError {
        SettingError(
            .metricsListen,
            "cannot listen on \(address.host):\(address.port): \(reason); choose another address with --metrics-listen"
        )
    }
}
