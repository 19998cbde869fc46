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
    package let uploads: Uploads
    package let maintenance: Maintenance
    package let readiness: Readiness
    package let logger: Logger

    /// Puts the use cases over opened stores, and right what a crash left behind in them.
    package static func build(_ settings: Settings, _ stores: OpenedStores, logger: Logger) async throws -> App {
        let metadata = stores.metadata
        let uploads = Uploads(
            metadata: metadata,
            storage: stores.storage,
            sizing: settings.sizing,
            leaseDuration: settings.leaseDuration
        )
        let maintenance = Maintenance(
            metadata: metadata,
            objects: stores.storage.store,
            completion: uploads.completion,
            keys: stores.keys,
            leaseDuration: settings.leaseDuration,
            uploadLifetime: settings.uploadLifetime
        )
        try await maintenance.recover()
        return App(
            settings: settings,
            stores: stores,
            accounts: Accounts(metadata: metadata),
            uploads: uploads,
            maintenance: maintenance,
            readiness: Readiness(metadata: metadata, objects: stores.storage.store),
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

    private var services: UseCases {
        let (metadata, objects) = (stores.metadata, stores.storage.store)
        return UseCases(
            accounts: accounts,
            projects: Projects(metadata: metadata, objects: objects),
            files: Files(metadata: metadata, objects: objects),
            downloads: Downloads(metadata: metadata, storage: stores.storage),
            uploads: uploads,
            automations: Automations(metadata: metadata),
            dataPlane: dataPlane,
            readiness: readiness
        )
    }

    private var dataPlane: UseCases.DataPlane {
        switch stores.storage {
        case .streaming(let store, let hasher, let urls):
            .own(Parts(metadata: stores.metadata, objects: store, hasher: hasher), urls)
        case .presigned: .external
        }
    }

    /// The server's socket is the only one that the services make by themselves.
    private func cannotListen(_ reason: String) -> SettingError {
        SettingError(.listen, "'\(settings.server.host):\(settings.server.port)' cannot be listened on: \(reason)")
    }
}
