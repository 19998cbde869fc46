import Foundation
import Hummingbird
import Logging
import NIOCore
import PontoonCore
import PontoonServer
import ServiceLifecycle
import SystemPackage
import UnixSignals

/// The use cases over the chosen stores.
struct App {
    let settings: Settings
    let stores: Stores
    let accounts: Accounts
    let hasher: PrefixHasher?
    let uploads: Uploads
    let maintenance: Maintenance
    let readiness: Readiness
    let logger: Logger

    /// Puts the use cases over opened stores, and right what a crash left behind in them.
    static func build(_ settings: Settings, _ stores: Stores, logger: Logger) async throws -> App {
        let (metadata, objects) = (stores.metadata, stores.objects)
        let hasher = stores.hosted.map { PrefixHasher(metadata: metadata, objects: $0) }
        let uploads = Uploads(
            metadata: metadata,
            objects: objects,
            sizing: settings.sizing,
            hasher: hasher,
            claimLifetime: settings.claimLifetime
        )
        let maintenance = Maintenance(
            metadata: metadata,
            objects: objects,
            uploads: uploads,
            keys: stores.keys,
            claimLifetime: settings.claimLifetime,
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
    func run(onReady: @escaping @Sendable (Int) async -> Void) async throws {
        let port = settings.server.port
        let server = buildServer(services, settings: settings.server, logger: logger) { channel in
            await onReady(channel.localAddress?.port ?? port)
        }
        var configuration = ServiceGroupConfiguration(
            services: [
                // First, so that it stops last.
                .init(service: SecondSignal()),
                .init(service: Housekeeping(maintenance: maintenance, logger: logger)),
                .init(service: Watching(readiness: readiness, logger: logger)),
                .init(service: server),
                // Last, so that it stops first.
                .init(service: Draining(readiness: readiness, duration: settings.drain)),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        if let hasher {
            configuration.services.insert(.init(service: Hashing(hasher: hasher, logger: logger)), at: 1)
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

    private var services: Services {
        let (metadata, objects) = (stores.metadata, stores.objects)
        return Services(
            accounts: accounts,
            projects: Projects(metadata: metadata, objects: objects),
            files: Files(metadata: metadata, objects: objects),
            uploads: uploads,
            automations: Automations(metadata: metadata),
            dataPlane: dataPlane,
            readiness: readiness
        )
    }

    private var dataPlane: Services.DataPlane? {
        guard let hosted = stores.hosted, let hasher else { return nil }
        let parts = Parts(metadata: stores.metadata, objects: hosted, hasher: hasher)
        return Services.DataPlane(parts: parts, objects: hosted, metadata: stores.metadata)
    }

    /// The server's socket is the only one that the services make by themselves.
    private func cannotListen(_ reason: String) -> SettingError {
        SettingError(.listen, "'\(settings.server.host):\(settings.server.port)' cannot be listened on: \(reason)")
    }
}
