import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SystemPackage

/// An HTTP response whose body has been read completely.
struct HTTPResponse: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: ByteBuffer

    /// Delay from the `Retry-After` header; `nil` if the header is missing or contains a date.
    var retryAfter: Duration? {
        headers.first(name: "Retry-After").flatMap { Int($0) }.map { .seconds(max(0, $0)) }
    }
}

/// Connections to the API and the storage, direct or through proxies.
///
/// Redirects are not followed, because they could send the token to another host.
final class HTTPTransport: Sendable {
    let settings: ClientSettings
    private let direct: HTTPClient
    private let proxied: [ProxySettings.Proxy: HTTPClient]

    /// Creates a transport without open connections.
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
                configuration.proxy = .server(
                    host: proxy.host,
                    port: proxy.port,
                    authorization: proxy.login.map { .basic(credentials: Data($0.utf8).base64EncodedString()) }
                )
                return (proxy, HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration))
            }
        )
    }

    /// Closes all connections.
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

    /// Sends a request, without a timeout, and reads the whole response.
    ///
    /// - Throws: `TransportFailure`, of kind `responseTooLong` if the body is longer than `limit` bytes;
    ///   `CancellationError`; any error of the request's body stream.
    func send(_ request: HTTPClientRequest, limit: Int) async throws -> HTTPResponse {
        try await translatingFailures {
            let response = try await self.client(for: request.url).execute(request, deadline: .distantFuture)
            let body = try await response.body.collect(upTo: limit)
            return HTTPResponse(status: Int(response.status.code), headers: response.headers, body: body)
        }
    }

    /// Sends a request, without a deadline, and waits for the response headers; the caller reads the body.
    ///
    /// - Throws: `TransportFailure`; `CancellationError`.
    func open(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        try await translatingFailures {
            try await self.client(for: request.url).execute(request, deadline: .distantFuture)
        }
    }

    private func client(for url: String) -> HTTPClient {
        guard !proxied.isEmpty, let address = try? WebAddress(url) else { return direct }
        let proxy = settings.proxies.proxy(isSecure: address.isSecure, host: address.host, port: address.port)
        return proxy.flatMap { proxied[$0] } ?? direct
    }

    /// Returns the configuration of all connections, without a proxy.
    ///
    /// - Throws: `.tlsFailed` if the CA certificates cannot be read.
    static func configuration(_ settings: ClientSettings) throws -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.httpVersion = .http1Only
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: .seconds(15))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.connections
        // Leave retries to RetryPolicy, which limits and reports them.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .seconds(30)
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

/// Performs a request and converts the errors of the HTTP client to `TransportFailure`.
func translatingFailures<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch {
        // A cancelled request may fail with an error other than CancellationError.
        try Task.checkCancellation()
        throw TransportFailure.translate(error)
    }
}
