package import Foundation
package import Hummingbird
package import Logging
import NIOCore
package import PontoonCore
package import PontoonServer
import ServiceLifecycle
import SystemPackage
import UnixSignals

/// The use cases over the chosen stores.
package struct App: Sendable {
    package let settings: Settings
    package let stores: OpenedStores
    package let accounts: Accounts
    package let uploads: Uploads
    package let maintenance: Maintenance
    package let readiness: Readiness
    package let logger: Logger

    /// The time; tests replace it.
    package let now: @Sendable () -> Date

    /// Creates the use cases over opened stores, and repairs what a crash left behind in them.
    package static func build(
        _ settings: Settings,
        _ stores: OpenedStores,
        logger: Logger,
        now: @escaping @Sendable () -> Date = { Date() }
    ) async throws -> App {
        let metadata = stores.metadata
        let uploads = Uploads(
            metadata: metadata,
            storage: stores.storage,
            sizing: settings.sizing,
            leaseDuration: settings.leaseDuration,
            now: now
        )
        let maintenance = Maintenance(
            metadata: metadata,
            objects: stores.storage.store,
            completion: uploads.completion,
            keys: stores.keys,
            leaseDuration: settings.leaseDuration,
            uploadLifetime: settings.uploadLifetime,
            now: now
        )
        try await maintenance.recover()
        return App(
            settings: settings,
            stores: stores,
            accounts: Accounts(metadata: metadata, now: now),
            uploads: uploads,
            maintenance: maintenance,
            readiness: Readiness(metadata: metadata, objects: stores.storage.store),
            logger: logger,
            now: now
        )
    }

    /// The HTTP server alone, without signals and background services.
    ///
    /// - Parameter onReady: Called with the port once the server listens.
    /// - Returns: The server, to be run in a service group.
    package func httpServer(onReady: @escaping @Sendable (Int) async -> Void = { _ in }) -> some ApplicationProtocol {
        let port = settings.server.port
        return buildServer(useCases, settings: settings.server, logger: logger) { channel in
            await onReady(channel.localAddress?.port ?? port)
        }
    }

    /// Serves until SIGTERM or SIGINT; running requests then have the set grace, unless a second signal comes.
    ///
    /// - Parameter onReady: Called with the port once the server listens.
    /// - Throws: When the address cannot be listened on.
    package func run(onReady: @escaping @Sendable (Int) async -> Void) async throws {
        let server = httpServer(onReady: onReady)
        var configuration = ServiceGroupConfiguration(
            services: [
                // First, so that it stops last.
                .init(service: ForcedShutdownService()),
                .init(service: MaintenanceService(maintenance: maintenance, logger: logger)),
                .init(service: HealthCheckService(readiness: readiness, logger: logger)),
                .init(service: server),
                // Last, so that it stops first.
                .init(service: DrainService(readiness: readiness, duration: settings.drain)),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        if case .streaming(_, let hasher, _) = stores.storage {
            configuration.services.insert(.init(service: MD5Service(hasher: hasher, logger: logger)), at: 1)
        }
        configuration.maximumGracefulShutdownDuration = settings.drain + settings.grace
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw cannotListen("\(Errno(rawValue: error.errnoCode))")
        } catch is SocketAddressError.UnknownHost {
            throw cannotListen("the host is not known")
        }
    }

    /// What the HTTP server calls.
    package var useCases: UseCases {
        let (metadata, objects) = (stores.metadata, stores.storage.store)
        return UseCases(
            accounts: accounts,
            projects: Projects(metadata: metadata, objects: objects, now: now),
            files: Files(metadata: metadata, objects: objects, now: now),
            downloads: Downloads(metadata: metadata, storage: stores.storage, now: now),
            uploads: uploads,
            automations: Automations(metadata: metadata, now: now),
            dataPlane: dataPlane,
            readiness: readiness,
            now: now
        )
    }

    private var dataPlane: UseCases.DataPlane {
        switch stores.storage {
        case .streaming(let store, let hasher, let urls):
            .own(Parts(metadata: stores.metadata, objects: store, hasher: hasher, now: now), urls)
        case .presigned: .external
        }
    }

    /// The server's socket is the only one that the services make by themselves.
    private func cannotListen(_ reason: String) -> SettingError {
        SettingError(.listen, "'\(settings.server.host):\(settings.server.port)' cannot be listened on: \(reason)")
    }
}
