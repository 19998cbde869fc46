package import Foundation
package import Hummingbird
package import Logging
import NIOCore
package import PontoonCore
import PontoonObjects
package import PontoonServer
import ServiceLifecycle
import SystemPackage
import UnixSignals

/// The server application: the use cases on opened stores, the HTTP server and the background services.
package struct App: Sendable {
    package let settings: Settings
    package let stores: OpenedStores
    package let useCases: UseCases
    package let maintenance: Maintenance
    package let scrub: BackgroundScrub
    package let logger: Logger

    /// Recovers opened stores from a crash and creates the use cases on them.
    ///
    /// - Parameters:
    ///   - settings: The settings.
    ///   - stores: Must stay open while the app is used.
    ///   - logger: Logs one line per request, and errors, at the level that the settings select.
    ///   - passwords: Hashes the passwords of upload links.
    ///   - now: Returns the current time; tests replace it.
    ///   - uptime: Returns the time on a monotonic clock; tests replace it.
    /// - Returns: The app.
    /// - Throws: The errors of the stores.
    package static func build(
        settings: Settings,
        stores: OpenedStores,
        logger: Logger,
        passwords: any PasswordHashing = ScryptPasswords(),
        now: @escaping @Sendable () -> Date = { Date() },
        uptime: @escaping @Sendable () -> Duration = Stopwatch.systemUptime
    ) async throws -> App {
        var logger = logger
        logger.logLevel = settings.logLevel
        let (metadata, objects) = (stores.metadata, stores.storage.store)
        let uploads = Uploads(
            metadata: metadata,
            storage: stores.storage,
            sizing: settings.sizing,
            limits: settings.userLimits,
            leaseDuration: settings.leaseDuration,
            activityInterval: min(.seconds(60), settings.uploadLifetime / 10),
            now: now
        )
        let uses = TokenUses(metadata: metadata)
        let maintenance = Maintenance(
            metadata: metadata,
            storage: stores.storage,
            completion: uploads.completion,
            keys: stores.keys,
            uses: uses,
            leaseDuration: settings.leaseDuration,
            uploadLifetime: settings.uploadLifetime,
            now: now,
            uptime: uptime
        )
        try await maintenance.recover()
        let useCases = UseCases(
            accounts: Accounts(metadata: metadata, limits: settings.userLimits, uses: uses, now: now),
            projects: Projects(metadata: metadata, objects: objects, limits: settings.userLimits, now: now),
            files: Files(metadata: metadata, objects: objects, now: now),
            downloads: Downloads(metadata: metadata, storage: stores.storage, now: now),
            uploads: uploads,
            uploadLinks: UploadLinks(metadata: metadata, objects: objects, passwords: passwords, now: now),
            senders: SenderSessions(metadata: metadata, passwords: passwords, now: now),
            automations: Automations(metadata: metadata, now: now),
            dataPlane: stores.dataPlane(now: now),
            readiness: Readiness(metadata: metadata, objects: objects),
            now: now
        )
        let scrub = BackgroundScrub(
            metadata: metadata,
            source: stores.scrubSource,
            interval: settings.scrubInterval,
            bytesPerSecond: settings.scrubRate,
            leaseDuration: settings.leaseDuration,
            now: now
        )
        return App(
            settings: settings,
            stores: stores,
            useCases: useCases,
            maintenance: maintenance,
            scrub: scrub,
            logger: logger
        )
    }

    /// Whether the objects are on a file system that does not report its free space.
    package var freeSpaceIsUnknown: Bool {
        guard case .disk = settings.objects else { return false }
        return (try? DiskObjectStore.reportsFreeSpace(settings.disk)) == false
    }

    /// Creates the HTTP server alone, without background services, so that tests can call it in process.
    ///
    /// Raises the process's limit on open files. The maximum number of connections is lowered if this limit requires
    /// it, and the maximum from one address is lowered to at most half of all connections.
    ///
    /// - Parameter onReady: Called once with the port on which the server listens.
    /// - Returns: The server, which is not running yet.
    package func httpServer(
        onReady: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        var server = settings.server
        let configured = server.maximumConnections
        let possible = FileDescriptors.connections(limit: FileDescriptors.raiseLimit())
        server.maximumConnections = min(configured, possible)
        server.maximumConnectionsPerAddress = min(
            server.maximumConnectionsPerAddress,
            max(1, server.maximumConnections / 2)
        )
        let port = server.port
        return buildServer(useCases, settings: server, logger: logger) { channel in
            if possible < configured {
                logger.notice(
                    "connection limit reduced by open file limit",
                    metadata: ["configured": "\(configured)", "max_connections": "\(possible)"]
                )
            }
            await onReady(channel.localAddress?.port ?? port)
        }
    }

    /// Serves requests until SIGTERM or SIGINT.
    ///
    /// After the signal, running requests may continue for the drain and grace periods. A second signal exits the
    /// process at once.
    ///
    /// - Parameter onReady: Called once with the port on which the server listens.
    /// - Throws: ``SettingError`` if the server cannot listen on the address.
    package func run(onReady: @escaping @Sendable (Int) async -> Void) async throws {
        var configuration = ServiceGroupConfiguration(
            services: [
                // First, so that it stops last.
                .init(service: ForcedShutdownService()),
                .init(
                    service: MaintenanceService(
                        maintenance: maintenance,
                        uploadLifetime: settings.uploadLifetime,
                        logger: logger
                    )
                ),
                .init(service: ScrubService(scrub: scrub, logger: logger)),
                .init(service: HealthCheckService(readiness: useCases.readiness, logger: logger)),
                .init(service: httpServer(onReady: onReady)),
                // Last, so that it stops first.
                .init(service: DrainService(readiness: useCases.readiness, duration: settings.drain)),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        if case .streaming(_, let hasher, _) = stores.storage {
            configuration.services.insert(.init(service: MD5Service(hasher: hasher, logger: logger)), at: 1)
        }
        if let bucket = stores.storage.store as? S3ObjectStore {
            let check = BucketCheckService(bucket: bucket, origins: settings.pageOrigins, logger: logger)
            configuration.services.append(.init(service: check, successTerminationBehavior: .ignore))
        }
        configuration.maximumGracefulShutdownDuration = settings.drain + settings.grace
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            // Only the HTTP server listens on a socket, so the error concerns its address.
            throw cannotListen("\(Errno(rawValue: error.errnoCode))")
        } catch is SocketAddressError.UnknownHost {
            throw cannotListen("unknown host")
        }
    }

    private func cannotListen(_ reason: String) -> SettingError {
        let address = "\(settings.server.host):\(settings.server.port)"
        return SettingError(.listen, "cannot listen on \(address): \(reason); choose another address with --listen")
    }
}

extension OpenedStores {
    fileprivate func dataPlane(now: @escaping @Sendable () -> Date) -> UseCases.DataPlane {
        switch storage {
        case .streaming(let objects, let hasher, let urls):
            .own(Parts(metadata: metadata, objects: objects, hasher: hasher, now: now), urls)
        case .presigned(let store): .external(origin: store.clientOrigin)
        }
    }
}
