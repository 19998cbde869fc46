package import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore

/// Builds the HTTP server: the API under `/v2`, and the data plane under `/storage` when the bytes pass through here.
///
/// - Parameters:
///   - services: The use cases.
///   - settings: How to listen, and limits.
///   - logger: Gets one line a request, and faults.
///   - onReady: Called once with the listening socket.
/// - Returns: The server, to be run in a service group.
package func buildServer(
    _ services: UseCases,
    settings: ServerSettings,
    logger: Logger,
    onReady: @escaping @Sendable (any Channel) async -> Void = { _ in }
) -> some ApplicationProtocol {
    let router = Router(context: AppContext.self)
    // Outside of the errors: a refusal too must end a connection whose body was not read.
    router.add(middleware: ExpectMiddleware())
    router.add(middleware: ErrorMiddleware(maximumHeaderSize: settings.maximumHeaderSize))
    let routes = Routes(router: router, support: APISupport(services: services, settings: settings))
    let budget = ReceiveBudget()
    addCalls(to: routes, budget: budget)
    routes.refuseOtherMethods()
    return Application(
        router: router,
        server: HTTPServerBuilder { responder in
            UploadChannel(responder: responder, idleTimeout: settings.idleTimeout, budget: budget)
        },
        configuration: ApplicationConfiguration(
            address: .hostname(settings.host, port: settings.port),
            serverName: "pontoon"
        ),
        onServerRunning: onReady,
        logger: logger
    )
}

/// Adds every call there is.
func addCalls(to routes: Routes, budget: ReceiveBudget) {
    let support = routes.support
    let files = FileCalls(support: support)
    IndexCalls(support: support).add(to: routes)
    HealthCalls(support: support).add(to: routes)
    let uploads = support.services.uploads
    UploadCalls(support: support, root: UploadCalls.root, uploads: uploads).add(to: routes)
    PartCalls(support: support, root: UploadCalls.root, uploads: uploads).add(to: routes)
    AutomationCalls(support: support).add(to: routes)
    ProjectCalls(support: support, files: files).add(to: routes)
    MemberCalls(support: support).add(to: routes)
    files.add(to: routes)
    FileDetailCalls(support: support).add(to: routes)
    FileActionCalls(support: support).add(to: routes)
    ScrollCalls(support: support).add(to: routes)
    BulkCalls(support: support).add(to: routes)
    switch support.services.dataPlane {
    case .own(let parts, let urls):
        DataPlaneCalls(services: support.services, parts: parts, urls: urls, budget: budget).add(to: routes)
    case .external: break
    }
}
