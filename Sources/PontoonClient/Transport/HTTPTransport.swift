import AsyncHTTPClient
import PontoonFoundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PontoonCore
import PontoonHTTPClient
import SystemPackage

/// An HTTP response whose body has been read completely.
struct HTTPResponse: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: ByteBuffer

    /// Delay from the `Retry-After` header; `nil` if the header is missing or invalid.
    ///
    /// The header contains seconds or a date (RFC 9110, section 10.2.3). The delay until a date is at most one day.
    var retryAfter: Duration? {
        guard let text = headers.first(name: "Retry-After") else { return nil }
        if let seconds = Int(text) { return .seconds(max(0, seconds)) }
        guard let date = HTTPDate.parse(text) else { return nil }
        // Both dates are from the server's clock.
        let now = headers.first(name: "Date").flatMap { HTTPDate.parse($0) } ?? .now
        return .seconds(min(max(0, date.timeIntervalSince(now)), 86_400))
    }
}

/// Connections to the API and the storage, direct or through proxies.
///
/// Redirects are not followed, because they could send the token to another host.
final class HTTPTransport: Sendable {
    let settings: ClientSettings
    private let direct: HTTPClient
    private let proxied: [ProxySettings.Proxy: HTTPClient]

    /// Creates a transport without open connections, which must be closed with ``shutdown()``.
    ///
    /// - Throws: `.tlsFailed` if the CA certificates cannot be read.
    init(_ settings: ClientSettings) throws {
        self.settings = settings
        let base = try Self.configuration(settings)
        direct = HTTPClient(eventLoopGroupProvider: .singleton, configuration: base)
        let proxies = Set([settings.proxies.secure, settings.proxies.plain].compactMap { $0 })
        proxied = Dictionary(
            uniqueKeysWithValues: proxies.map { proxy in
                var configuration = base
                configuration.proxy =
                    switch proxy.kind {
                    case .http:
                        .server(
                            host: proxy.host,
                            port: proxy.port,
                            authorization: proxy.login.map { .basic(credentials: Data($0.utf8).base64EncodedString()) }
                        )
                    case .socks5: .socksServer(host: proxy.host, port: proxy.port)
                    }
                return (proxy, HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration))
            }
        )
    }

    /// Closes all connections; the transport must not be used afterwards.
    func shutdown() async throws {
        for client in proxied.values { try await client.shutdown() }
        try await direct.shutdown()
    }

    /// Sends a request and reads the whole response within `timeout`.
    ///
    /// - Throws: `TransportFailure`, of kind `timedOut` after `timeout`, and `responseTooLong` if the body is longer
    ///   than `limit` bytes; `CancellationError`; any error of the request's body stream.
    func send(_ request: HTTPClientRequest, timeout: Duration, limit: Int) async throws -> HTTPResponse {
        // The deadline of `execute` does not apply to the response body.
        try await withTimeout(timeout) { try await self.send(request, limit: limit) }
    }

    /// Sends a request without a timeout and reads the whole response.
    ///
    /// If a response with a status of 300 or more is truncated, its body is empty.
    ///
    /// - Throws: `TransportFailure`, of kind `responseTooLong` if the body is longer than `limit` bytes;
    ///   `CancellationError`; any error of the request's body stream.
    func send(_ request: HTTPClientRequest, limit: Int) async throws -> HTTPResponse {
        try await translatingFailures {
            let response = try await self.execute(request)
            let status = Int(response.status.code)
            do {
                let body = try await response.body.collect(upTo: limit)
                return HTTPResponse(status: status, headers: response.headers, body: body)
            } catch let error where status >= 300 && !Task.isCancelled && !(error is NIOTooManyBytesError) {
                // A server that refuses a request before it has received the whole body may close the connection, which
                // also truncates the response. The status and headers have already been received.
                return HTTPResponse(status: status, headers: response.headers, body: ByteBuffer())
            }
        }
    }

    /// Sends a request without a deadline and waits for the response headers.
    ///
    /// The caller must read the body.
    ///
    /// - Throws: `TransportFailure`; `CancellationError`.
    func open(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        try await translatingFailures { try await self.execute(request) }
    }

    /// Sends a request and waits for the response headers.
    ///
    /// - Throws: ``TransportFailure`` of kind `responseTooLong` if a header contains more than ``CombiningMarks/limit``
    ///   combining marks in a row, because comparing such a text takes too long; the errors of the HTTP client.
    private func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let response = try await client(for: request.url).execute(request, deadline: .distantFuture)
        guard response.headers.allSatisfy({ CombiningMarks.areFew(in: $0.value) }) else {
            throw TransportFailure(kind: .responseTooLong, reason: "too many combining marks in a header")
        }
        return response
    }

    private func client(for url: String) -> HTTPClient {
        guard !proxied.isEmpty, let address = try? WebAddress(url) else { return direct }
        let proxy = settings.proxies.proxy(isSecure: address.isSecure, host: address.host, port: address.port)
        return proxy.flatMap { proxied[$0] } ?? direct
    }

    /// Returns the configuration for all connections, without a proxy.
    ///
    /// - Throws: `.tlsFailed` if the CA certificates cannot be read.
    static func configuration(_ settings: ClientSettings) throws -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.httpVersion = .http1Only
        configuration.redirectConfiguration = .disallow
        let connect = min(settings.stallTimeout, .seconds(15))
        configuration.timeout = .init(connect: .nanoseconds(Int64(connect.inSeconds * 1e9)))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.connections
        // Leave retries to RetryPolicy, which limits and reports them.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .seconds(30)
        #if os(Linux)
        let milliseconds = Int(min(settings.stallTimeout, .seconds(86_400)).inSeconds * 1000)
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.setOption(tcpUserTimeout, value: milliseconds)
                // Without the option, a stall is detected later.
                .flatMapError { _ in channel.eventLoop.makeSucceededVoidFuture() }
                .flatMap { ResponseStatusCheck.add(to: channel) }
        }
        #else
        configuration.http1_1ConnectionDebugInitializer = ResponseStatusCheck.add
        #endif
        var tls = TLSConfiguration.makeClientConfiguration()
        // The default is TLS 1.0; RFC 8996 deprecates versions before 1.2.
        tls.minimumTLSVersion = .tlsv12
        if let file = settings.caFile {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file.string))
            } catch {
                throw ClientError(
                    .tlsFailed,
                    "Cannot read the certificates in '\(file)': \(error).",
                    advice: "Pass a PEM file with --ca-file or SSL_CERT_FILE, or omit both."
                )
            }
        }
        configuration.tlsConfiguration = tls
        return configuration
    }
}

#if os(Linux)
/// `TCP_USER_TIMEOUT`, the time after which the kernel closes a connection whose peer does not acknowledge the bytes
/// sent.
///
/// The kernel buffers several MiB, so the client cannot see whether the last bytes of a part arrive. With this option,
/// the client can use a long timeout for the response and still detect a dead connection quickly.
private let tcpUserTimeout = ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: 18))
#endif

/// Performs a request and converts the errors of the HTTP client to `TransportFailure`.
///
/// - Returns: The value that `body` returns.
/// - Throws: `TransportFailure` for an error of the HTTP client; `CancellationError` if the task is cancelled; any
///   other error of `body`, unchanged.
func translatingFailures<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch {
        // A cancelled request may fail with an error other than CancellationError.
        try Task.checkCancellation()
        throw TransportFailure.translate(error)
    }
}
