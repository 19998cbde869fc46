package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
package import PontoonCore
import ServiceLifecycle

/// Builds the HTTP server.
///
/// The server provides the API under `/v2`, DRS, health checks, the data plane under `/storage`, and the console unless
/// it is disabled. If clients exchange bytes with a bucket, the data plane contains only folder archives.
///
/// - Parameters:
///   - useCases: The use cases to call.
///   - settings: The address, limits and other settings of the server.
///   - tls: The TLS configuration; `nil` for connections without encryption.
///   - metrics: The metrics to update.
///   - audit: Receives the actions of users and senders; `nil` records none.
///   - logger: Receives a line for each request at level info, lines for slow requests, and the details of errors that
///     responses omit.
///   - onReady: Called once, with the listening channel, when the server accepts connections.
/// - Returns: The server, to be run in a service group.
package func buildServer(
    _ useCases: UseCases,
    settings: ServerSettings,
    tls: ServerTLS? = nil,
    metrics: ServerMetrics = ServerMetrics(),
    audit: (any AuditSink)? = nil,
    logger: Logger,
    onReady: @escaping @Sendable (any Channel) async -> Void = { _ in }
) -> some ApplicationProtocol {
    let router = Router(context: AppContext.self)
    // Added before the error middleware, so that error responses also close the connection if the body is unread.
    router.add(middleware: ExpectMiddleware(metrics: metrics))
    router.add(
        middleware: ErrorMiddleware(
            maximumHeaderSize: settings.maximumHeaderSize,
            baseURLs: BaseURLResolver(settings: settings),
            crossOrigin: CrossOriginPolicy(settings.allowedOrigins),
            reporter: RequestReporter(
                metrics: metrics,
                audit: audit,
                slowRequest: settings.slowRequest,
                trustsProxy: settings.trustsForwardedProto,
                now: useCases.now
            )
        )
    )
    let budget = ReceiveBufferBudget()
    let connections = ConnectionLimiter(
        maximum: settings.maximumConnections,
        maximumPerAddress: settings.maximumConnectionsPerAddress
    )
    let tasks = ConnectionTasks()
    let routes = Routes(router: router, useCases: useCases, settings: settings)
    routes.addCalls(useCases, budget: budget, metrics: metrics)
    if settings.servesConsole {
        let policy = ConsolePolicy(connectsTo: useCases.dataPlane.externalOrigin)
        ConsoleCalls(policy: policy, bodies: routes.bodies).add(to: routes)
    }
    routes.refuseOtherMethods()
    // Both listeners share the limits.
    let makeChannel: @Sendable (@escaping HTTPChannelHandler.Responder, ServerTLS?) -> LargeBodyHTTP1Channel = {
        LargeBodyHTTP1Channel(
            responder: $0,
            settings: settings,
            connections: connections,
            tasks: tasks,
            budget: budget,
            tls: $1,
            metrics: metrics
        )
    }
    let redirect = settings.redirectListen.map { address in
        RedirectListener(address, settings: settings, logger: logger) { makeChannel($0, nil) }
    }
    var application = Application(
        router: router,
        server: HTTPServerBuilder { makeChannel($0, tls) },
        configuration: ApplicationConfiguration(address: settings.listen.bindAddress),
        services: [tasks] + [redirect].compactMap(\.self),
        onServerRunning: onReady,
        logger: logger
    )
    if let redirect { application.beforeServerStarts(perform: redirect.waitUntilListening) }
    return application
}

extension Routes {
    /// Registers all calls except the console's pages.
    ///
    /// Registers the calls for events and webhooks only if events are recorded, and the signed URLs of parts and files
    /// only if clients do not exchange bytes with a bucket.
    func addCalls(_ useCases: UseCases, budget: ReceiveBufferBudget, metrics: ServerMetrics) {
        let files = FileCalls(files: useCases.files, downloads: useCases.downloads)
        IndexCalls(useCases: useCases, callers: callers, bodies: bodies).add(to: self)
        HealthCalls(readiness: useCases.readiness, bodies: bodies, isReadOnly: settings.isReadOnly).add(to: self)
        UploadCalls(root: UploadCalls.root, uploads: useCases.uploads, audience: .usersAndSenders)
            .add(to: self, projects: useCases.projects)
        PartCalls(root: UploadCalls.root, uploads: useCases.uploads, audience: .usersAndSenders).add(to: self)
        UploadLinkCalls(
            links: useCases.uploadLinks,
            senders: useCases.senders,
            bodies: bodies,
            failures: failures,
            trustsProxy: settings.trustsForwardedProto
        ).add(to: self)
        TokenCalls(accounts: useCases.accounts).add(to: self)
        UsageCalls(usage: useCases.usage, forecasts: useCases.forecasts).add(to: self)
        if useCases.events.isEnabled {
            EventCalls(events: useCases.events, uploads: useCases.uploads, callers: callers, metrics: metrics)
                .add(to: self)
            WebhookCalls(webhooks: useCases.webhooks).add(to: self)
        }
        AutomationCalls(automations: useCases.automations, uploads: useCases.uploads.ofCodePackages).add(to: self)
        ProjectCalls(projects: useCases.projects, usage: useCases.usage, files: files).add(to: self)
        MemberCalls(projects: useCases.projects).add(to: self)
        PlatformCalls().add(to: self)
        files.add(to: self)
        let memory = JSONBodyBudget(maximumSize: settings.maximumFilePut)
        FileContentCalls(
            uploads: useCases.uploads,
            projects: useCases.projects,
            maximumSize: settings.maximumFilePut,
            memory: memory,
            budget: budget
        ).add(to: self)
        ArchiveCalls(
            uploads: useCases.uploads,
            maximumFilePut: settings.maximumFilePut,
            memory: memory,
            budget: budget,
            metrics: metrics
        ).add(to: self)
        FolderArchiveCalls(
            archives: useCases.folderArchives,
            metrics: metrics,
            usesTLS: settings.usesTLS,
            now: useCases.now
        ).add(to: self)
        DRSCalls(objects: useCases.dataObjects, bodies: bodies).add(to: self)
        FileDetailCalls(files: useCases.files).add(to: self)
        FileActionCalls(files: useCases.files).add(to: self)
        ScrollCalls(files: useCases.files).add(to: self)
        BulkCalls(files: useCases.files).add(to: self)
        FileJobCalls(jobs: useCases.jobs).add(to: self)
        switch useCases.dataPlane {
        case .own(let parts, let urls):
            DataPlaneCalls(
                parts: parts,
                downloads: useCases.downloads,
                urls: urls,
                budget: budget,
                metrics: metrics,
                usesTLS: settings.usesTLS,
                now: useCases.now
            ).add(to: self)
        case .external: break
        }
    }
}
