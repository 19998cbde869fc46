import Foundation
import Hummingbird
package import Logging
import NIOCore
package import PontoonCore
import PontoonServer
import ServiceLifecycle
import SystemPackage
import UnixSignals

/// The use cases over the chosen stores.
package struct App {
    package let settings: Settings
    package let stores: OpenedStores
    package let accounts: Accounts
    package let hasher: PrefixHasher?
    package let uploads: Uploads
    package let maintenance: Maintenance
    package let readiness: Readiness
    package let logger: Logger

    /// Puts the use cases over opened stores, and right what a crash left behind in them.
    package static func build(_ settings: Settings, _ stores: OpenedStores, logger: Logger) async throws -> App {
        let (metadata, objects) = (stores.metadata, stores.objects)
        let hasher = stores.hosted.map { PrefixHasher(metadata: metadata, objects: $0) }
        let uploads = Uploads(
            metadata: metadata,
            objects: objects,
            sizing: settings.sizing,
            hasher: hasher,
            leaseDuration: settings.leaseDuration
        )
        let maintenance = Maintenance(
            metadata: metadata,
            objects: objects,
            uploads: uploads,
            keys: stores.keys,
            leaseDuration: settings.leaseDuration,
            uploadLifetime: settings.uploadLifetime
        )
        try await maintenance.recover()
        return App(
            settings: settings,
            stores: stores,
            accounts: Accounts(metadata: metadata),
            hasher: hasher,
            uploads: uploads,
            maintenance: maintenance,
            readiness: Readiness(metadata: metadata, objects: objects),
            logger: logger
        )
    }

    /// Serves until SIGTERM or SIGINT; running requests then have the set grace, unless a second signal comes.
    ///
    /// - Parameter onReady: Called with the port once the server listens.
    /// - Throws: When the address cannot be listened on.
    package func run(onReady: @escaping @Sendable (Int) async -> Void) async throws {
        let port = settings.server.port
        let server = buildServer(services, settings: settings.server, logger: logger) { channel in
            await onReady(channel.localAddress?.port ?? port)
        }
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
        if let hasher {
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

    private var services: UseCases {
        let (metadata, objects) = (stores.metadata, stores.objects)
        return UseCases(
            accounts: accounts,
            projects: Projects(metadata: metadata, objects: objects),
            files: Files(metadata: metadata, objects: objects),
            uploads: uploads,
            automations: Automations(metadata: metadata),
            dataPlane: dataPlane,
            readiness: readiness
        )
    }

    private var dataPlane: UseCases.DataPlane? {
        guard let hosted = stores.hosted, let hasher else { return nil }
        let parts = Parts(metadata: stores.metadata, objects: hosted, hasher: hasher)
        return UseCases.DataPlane(parts: parts, objects: hosted, metadata: stores.metadata)
    }

    /// The server's socket is the only one that the services make by themselves.
    private func cannotListen(_ reason: String) -> SettingError {
        SettingError(.listen, "'\(settings.server.host):\(settings.server.port)' cannot be listened on: \(reason)")
    }
}
