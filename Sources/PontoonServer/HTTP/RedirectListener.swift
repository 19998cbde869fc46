import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import PontoonCore
import ServiceLifecycle

/// The error thrown if the server cannot listen on an address.
package struct ListenFailure: Error {
    package let address: ListenAddress
    package let cause: any Error
}

/// The second listener of a server with TLS, which redirects plain HTTP to HTTPS.
struct RedirectListener: Service {
    private let address: ListenAddress
    private let application: Application<RedirectResponder>
    private let started: AsyncThrowingStream<Void, any Error>
    private let start: AsyncThrowingStream<Void, any Error>.Continuation

    /// - Parameters:
    ///   - address: Address to listen on.
    ///   - settings: The settings of the server to which requests are redirected.
    ///   - logger: The logger, which receives only messages of the level `critical`.
    ///   - makeChannel: The closure that creates the handler of connections for a responder.
    init(
        _ address: ListenAddress,
        settings: ServerSettings,
        logger: Logger,
        makeChannel: @escaping @Sendable (@escaping HTTPChannelHandler.Responder) -> LargeBodyHTTP1Channel
    ) {
        self.address = address
        // Hummingbird logs an error if the other listener fails and this one is cancelled.
        var quiet = logger
        quiet.logLevel = .critical
        let (started, start) = AsyncThrowingStream.makeStream(of: Void.self)
        (self.started, self.start) = (started, start)
        application = Application(
            responder: RedirectResponder(settings: settings),
            server: HTTPServerBuilder { makeChannel($0) },
            configuration: ApplicationConfiguration(address: address.bindAddress),
            onServerRunning: { _ in start.yield() },
            logger: quiet
        )
    }

    func run() async throws {
        do {
            try await application.run()
        } catch {
            let failure = ListenFailure(address: address, cause: error)
            start.finish(throwing: failure)
            throw failure
        }
    }

    /// Waits until the listener accepts connections.
    ///
    /// - Throws: ``ListenFailure`` if the server cannot listen on the address.
    @Sendable func waitUntilListening() async throws {
        for try await _ in started { return }
    }
}

/// The responder to requests over plain HTTP.
///
/// `GET` and `HEAD` are redirected, so that links and typed addresses work. A request with another method, or with a
/// token or the secret of an upload link, is refused: after a redirect it would succeed, and nobody would notice that
/// the client sends its credentials unencrypted.
struct RedirectResponder: HTTPResponder {
    typealias Context = AppContext

    private let settings: ServerSettings
    private let hosts: BaseURLResolver

    init(settings: ServerSettings) {
        self.settings = settings
        hosts = BaseURLResolver(settings: settings)
    }

    @concurrent func respond(to request: Request, context: AppContext) async throws -> Response {
        var response: Response
        do {
            response = try redirect(request)
        } catch {
            response = try context.response(to: error)
        }
        if request.hasBody { response.headers[.connection] = "close" }
        response.headers[.requestID] = context.requestID
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func redirect(_ request: Request) throws(PontoonError) -> Response {
        let origin = try origin(of: request)
        let credentials: [HTTPField.Name] = [.authToken, .authorization, .uploadLink]
        guard request.method == .get || request.method == .head,
            !credentials.contains(where: { request.headers[$0] != nil })
        else {
            throw PontoonError(.forbidden, "This server requires HTTPS; use the URL \(origin).")
        }
        guard let path = request.head.path, path.hasPrefix("/") else {
            throw PontoonError(.badRequest, "The request target must be a path.")
        }
        return Response(
            status: .permanentRedirect,
            headers: [.location: origin + path, .contentLength: "0"]
        )
    }

    /// Returns the public URL, or else the requested host with the port of the HTTPS listener.
    ///
    /// - Throws: The errors of ``BaseURLResolver/base(for:)``.
    private func origin(of request: Request) throws(PontoonError) -> String {
        let url = try hosts.base(for: request)
        guard settings.publicURL == nil, let port = settings.listen.port,
            let host = request.head.authority.flatMap({ HostHeader($0) })
        else { return url.description }
        return "https://\(ListenAddress.authority(host.name))\(port == 443 ? "" : ":\(port)")"
    }
}

extension ListenAddress {
    /// The address as a Hummingbird `BindAddress`.
    var bindAddress: BindAddress {
        switch self {
        case .tcp(let host, let port): .hostname(host, port: port)
        case .unix(let path): .unixDomainSocket(path: path)
        }
    }
}
