import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
package import NIOCore
import PontoonCore
package import ServiceLifecycle

/// Builds the HTTP server that exports the metrics at `/metrics`, without authentication.
///
/// - Parameters:
///   - address: The address to listen on.
///   - logger: Receives the log lines of the server.
///   - text: Returns the metrics in the text format of Prometheus.
///   - onReady: Called once, with the listening channel, when the server accepts connections.
/// - Returns: The server, to be run in a service group.
package func buildMetricsServer(
    at address: ListenAddress,
    logger: Logger,
    text: @escaping @Sendable () -> String,
    onReady: @escaping @Sendable (any Channel) async -> Void
) -> some Service {
    // A few connections suffice, because only monitoring systems connect.
    let settings = ServerSettings(maximumConnections: 32, maximumConnectionsPerAddress: 16)
    let connections = ConnectionLimiter(
        maximum: settings.maximumConnections,
        maximumPerAddress: settings.maximumConnectionsPerAddress
    )
    let tasks = ConnectionTasks()
    let router = Router(context: AppContext.self)
    for method in [HTTPRequest.Method.get, .head] {
        router.on("/metrics", method: method) { request, _ in metricsResponse(to: request, text: text()) }
    }
    return Application(
        router: router,
        server: HTTPServerBuilder { responder in
            LargeBodyHTTP1Channel(
                responder: responder,
                settings: settings,
                connections: connections,
                tasks: tasks,
                budget: ReceiveBufferBudget(),
                tls: nil,
                metrics: ServerMetrics()
            )
        },
        configuration: ApplicationConfiguration(address: address.bindAddress),
        services: [tasks],
        onServerRunning: onReady,
        logger: logger
    )
}

private func metricsResponse(to request: Request, text: String) -> Response {
    let body = ByteBuffer(string: text)
    var response = Response(
        status: .ok,
        headers: [
            .contentType: "text/plain; version=0.0.4; charset=utf-8", .contentLength: String(body.readableBytes),
            .cacheControl: "no-store",
        ],
        body: ResponseBody(byteBuffer: body)
    )
    // The request body is not read, so the connection cannot be used for another request.
    if request.hasBody { response.headers[.connection] = "close" }
    return request.method == .head ? response.createHeadResponse() : response
}
