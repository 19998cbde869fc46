import CoreMetrics
package import Foundation
package import Hummingbird
package import Logging
import NIOCore
import NIOPosix
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
    /// The worker that carries out jobs.
    package let jobs: FileJobWorker
    /// The service that runs the hook command; `nil` if no hook command is set.
    let hooks: HookService?
    /// The dispatcher that delivers events to the receivers of webhooks.
    package let webhooks: WebhookDispatcher
    /// The TLS certificate; `nil` if the server does not use TLS.
    package let certificate: Certificate?
    package let logger: Logger
    /// The metrics; `nil` if none are exported.
    package let metrics: AppMetrics?
    /// The audit log; `nil` if it is disabled.
    package let audit: AuditLog?

    /// Creates the server application on opened stores.
    ///
    /// Unless the server is read-only, this function first calls ``Maintenance/recover()``. If a hook command is set,
    /// the function also stores the position from which the hook command starts.
    ///
    /// - Parameters:
    ///   - settings: The settings of the server.
    ///   - stores: The opened stores. They must stay open while the app is used.
    ///   - certificate: The TLS certificate; `nil` if the server does not use TLS.
    ///   - logger: Logs requests and errors.
    ///   - metrics: The metrics to update; `nil` if none are exported.
    ///   - audit: The audit log; `nil` if it is disabled.
    ///   - passwords: Hashes the passwords of upload links.
    ///   - now: Returns the current time; tests replace it.
    ///   - uptime: Returns the time on a monotonic clock; tests replace it.
    /// - Returns: The app.
    /// - Throws: An error if a store is unavailable.
    package static func build(
        settings: Settings,
        stores: OpenedStores,
        certificate: Certificate? = nil,
        logger: Logger,
        metrics: AppMetrics? = nil,
        audit: AuditLog? = nil,
        passwords: any PasswordHashing = ScryptPasswords(),
        now: @escaping @Sendable () -> Date = { Date() },
        uptime: @escaping @Sendable () -> Duration = Stopwatch.systemUptime
    ) async throws -> App {
        let (metadata, objects) = (stores.metadata, stores.storage.store)
        let received = ThroughputMeter(uptime: uptime)
        let uploads = Uploads(
            metadata: metadata,
            storage: stores.storage,
            sizing: settings.sizing,
            limits: settings.userLimits,
            leaseDuration: settings.leaseDuration,
            activityInterval: min(.seconds(60), settings.uploadLifetime / 10, settings.reservationLifetime / 10),
            received: received,
            validator: validateCommand(settings.hooks, stores, metrics, logger, now: now),
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
            reservationLifetime: settings.reservationLifetime,
            eventRetention: settings.eventRetention,
            now: now,
            uptime: uptime
        )
        if settings.isReadOnly {
            try await maintenance.refreshKeys()
        } else {
            let rolledBack = try await maintenance.recover()
            if rolledBack > 0 {
                logger.notice("interrupted completions rolled back", metadata: ["uploads": "\(rolledBack)"])
            }
            try await prepareHooks(settings, metadata)
        }
        let downloads = Downloads(metadata: metadata, storage: stores.storage, now: now)
        let events = Events(metadata: metadata, isReadOnly: settings.isReadOnly)
        let sender = WebhookClient(addresses: settings.webhookAddresses, now: now)
        let webhooks = Webhooks(metadata: metadata, sender: sender, encode: eventJSON, now: now)
        let useCases = UseCases(
            accounts: Accounts(metadata: metadata, limits: settings.userLimits, uses: uses, now: now),
            projects: Projects(metadata: metadata, objects: objects, limits: settings.userLimits, now: now),
            files: Files(metadata: metadata, objects: objects, now: now),
            jobs: FileJobs(metadata: metadata, now: now),
            downloads: downloads,
            folderArchives: FolderArchives(
                metadata: metadata,
                downloads: downloads,
                urls: DataPlaneURLs(stores.keys),
                now: now
            ),
            dataObjects: DataObjects(metadata: metadata, downloads: downloads),
            uploads: uploads,
            uploadLinks: UploadLinks(metadata: metadata, objects: objects, passwords: passwords, now: now),
            senders: SenderSessions(metadata: metadata, passwords: passwords, now: now),
            automations: Automations(metadata: metadata, now: now),
            usage: UsageReports(metadata: metadata),
            events: events,
            webhooks: webhooks,
            forecasts: Forecasts(metadata: metadata, storage: stores.storage, received: received, now: now),
            dataPlane: stores.dataPlane(received: received, now: now),
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
        let jobs = FileJobWorker(
            metadata: metadata,
            objects: objects,
            leaseDuration: settings.leaseDuration,
            audit: audit,
            now: now
        )
        let hooks = hookService(settings, metadata, useCases.events.feed, metrics, logger, now: now)
        let reports = WebhookReports(
            metrics: metrics?.webhooks ?? WebhookMetrics(factory: NOOPMetricsHandler.instance),
            logger: logger
        )
        let dispatcher = WebhookDispatcher(
            metadata: metadata,
            feed: events.feed,
            alarm: webhooks.alarm,
            sender: sender,
            encode: eventJSON,
            leaseDuration: settings.leaseDuration,
            now: now,
            report: { reports.note($0) }
        )
        return App(
            settings: settings,
            stores: stores,
            useCases: useCases,
            maintenance: maintenance,
            scrub: scrub,
            jobs: jobs,
            hooks: hooks,
            webhooks: dispatcher,
            certificate: certificate,
            logger: logger,
            metrics: metrics,
            audit: audit
        )
    }

    /// Whether the objects are on a file system that does not report its free space.
    ///
    /// Also `false` if the objects are in a bucket, or the file system cannot be queried.
    package var freeSpaceIsUnknown: Bool {
        guard case .disk = settings.objects else { return false }
        return (try? DiskObjectStore.reportsFreeSpace(settings.disk)) == false
    }

    /// Creates the HTTP server without the background services.
    ///
    /// Raises the process's limit on open files. The maximum number of connections is reduced if that limit is too low,
    /// and the maximum per address is reduced to half the maximum number of connections if it is higher.
    ///
    /// - Parameter onReady: Called once, with the port on which the server listens, or 0 for a Unix socket.
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
        let maximumConnections = server.maximumConnections
        metrics?.registry.collect { [.init("pontoon_max_connections", maximumConnections)] }
        return buildServer(
            useCases,
            settings: server,
            tls: certificate?.tls,
            metrics: metrics?.server ?? ServerMetrics(),
            audit: audit,
            logger: logger
        ) { channel in
            if possible < configured {
                logger.notice(
                    "connection limit reduced by open file limit",
                    metadata: ["configured": "\(configured)", "max_connections": "\(possible)"]
                )
            }
            if case .unix(let path) = settings.server.listen, chmod(path, settings.socketMode.rawValue) != 0 {
                logger.error("socket permissions not set", metadata: ["error": "\(Errno(rawValue: errno))"])
            }
            await onReady(channel.localAddress?.port ?? 0)
        }
    }

    /// Serves requests until SIGTERM or SIGINT, and reloads its configuration after SIGHUP.
    ///
    /// After SIGTERM or SIGINT, the server accepts requests until the drain period ends. Running requests may then
    /// continue for the grace period. A second SIGTERM or SIGINT terminates the process immediately.
    ///
    /// - Parameters:
    ///   - reloads: Reloads to perform after SIGHUP, between reloading the certificate and reopening the audit log.
    ///   - manager: The service manager that started the process; `nil` if there is none.
    ///   - onReady: Called once, with the port on which the server listens, or 0 for a Unix socket.
    /// - Throws: ``SettingError`` if the server cannot listen on an address; the errors of the services.
    package func run(
        reloads: [Reload] = [],
        manager: ServiceManager? = nil,
        onReady: @escaping @Sendable (Int) async -> Void
    ) async throws {
        if case .unix(let path) = settings.server.listen { try await UnixSocket.refuseIfInUse(path) }
        let server = httpServer { port in
            await onReady(port)
            manager?.notifyReady()
        }
        let certificateReload = certificate.map { certificate in
            Reload("certificate") { try await CertificateService.reload(certificate, logger) }
        }
        let auditReload = audit.map { audit in Reload("audit log") { try await audit.reopen() } }
        let reloadService = ReloadService(
            reloads: [certificateReload].compactMap(\.self) + reloads + [auditReload].compactMap(\.self),
            // Trapped before the server is ready, because an untrapped SIGHUP would terminate the process.
            hangups: await UnixSignalsSequence(trapping: .sighup),
            manager: manager,
            logger: logger
        )
        var configuration = ServiceGroupConfiguration(
            services: services(manager) + [
                reloadService, server,
                // After the server, so that it stops before the server does.
                DrainService(
                    readiness: useCases.readiness,
                    duration: settings.drain,
                    manager: manager,
                    logger: logger
                ),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        if let bucket = stores.storage.store as? S3ObjectStore {
            let check = BucketCheckService(bucket: bucket, origins: settings.pageOrigins, logger: logger)
            configuration.services.append(.init(service: check, successTerminationBehavior: .ignore))
        }
        configuration.maximumGracefulShutdownDuration = settings.drain + settings.grace
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let failure as ListenFailure {
            throw Self.cannotListen(.redirectListen, failure.address, failure.cause) ?? failure.cause
        } catch {
            // All other listeners wrap their socket errors, so an unwrapped one comes from the address in `--listen`.
            throw Self.cannotListen(.listen, settings.server.listen, error) ?? error
        }
    }

    /// Returns the services that start before the HTTP server, in order.
    ///
    /// They stop after the server, in reverse order.
    private func services(_ manager: ServiceManager?) -> [any Service] {
        var services: [any Service] = [ForcedShutdownService()]
        if let manager, let timeout = manager.watchdogTimeout {
            services.append(
                WatchdogService(
                    manager: manager,
                    timeout: timeout,
                    readiness: useCases.readiness,
                    eventLoops: MultiThreadedEventLoopGroup.singleton,
                    logger: logger
                )
            )
        }
        if case .streaming(_, let hasher, _) = stores.storage, !settings.isReadOnly {
            services.append(MD5Service(hasher: hasher, logger: logger))
        }
        services.append(
            MaintenanceService(
                maintenance: maintenance,
                isReadOnly: settings.isReadOnly,
                shortestLifetime: min(settings.uploadLifetime, settings.reservationLifetime),
                audit: audit,
                logger: logger
            )
        )
        if !settings.isReadOnly {
            let metrics = metrics?.scrub ?? ScrubMetrics(factory: NOOPMetricsHandler.instance)
            services.append(ScrubService(scrub: scrub, metrics: metrics, logger: logger))
            services.append(FileJobService(worker: jobs, logger: logger))
            if let hooks { services.append(hooks) }
            if useCases.events.isEnabled { services.append(WebhookService(dispatcher: webhooks)) }
        }
        if let certificate { services.append(CertificateService(certificate: certificate, logger: logger)) }
        services.append(HealthCheckService(readiness: useCases.readiness, logger: logger))
        return services + metricsServices()
    }

    /// Returns an error that names the address and the setting to change, if `error` means that the server cannot
    /// listen on the address; otherwise `nil`.
    static func cannotListen<Value>(
        _ setting: Setting<Value>,
        _ address: ListenAddress,
        _ error: any Error
    ) -> SettingError? {
        let reason: String
        switch error {
        case let error as IOError: reason = "\(Errno(rawValue: error.errnoCode))"
        case is SocketAddressError.UnknownHost: reason = "unknown host"
        case is UnixDomainSocketPathWrongType: reason = "the path exists and is not a socket"
        default: return nil
        }
        let flag = "--\(setting.name)"
        return SettingError(setting, "cannot listen on \(address): \(reason); choose another address with \(flag)")
    }
}

extension OpenedStores {
    fileprivate func dataPlane(
        received: ThroughputMeter,
        now: @escaping @Sendable () -> Date
    ) -> UseCases.DataPlane {
        switch storage {
        case .streaming(let objects, let hasher, let urls):
            .own(Parts(metadata: metadata, objects: objects, hasher: hasher, received: received, now: now), urls)
        case .presigned(let store): .external(origin: store.clientOrigin)
        }
    }
}
