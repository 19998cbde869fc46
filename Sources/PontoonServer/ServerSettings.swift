package import PontoonCore

/// The settings of the HTTP server.
package struct ServerSettings: Sendable {
    /// Address to listen on.
    package var listen: ListenAddress
    /// Whether the server encrypts its connections itself.
    package var usesTLS: Bool
    /// Address of a second listener, which redirects plain HTTP to HTTPS; `nil` if there is none.
    package var redirectListen: ListenAddress?
    /// Whether calls that change anything are refused.
    package var isReadOnly: Bool
    /// URL at which clients reach the server; `nil` uses the `Host` header of each request.
    package var publicURL: BaseURL?
    /// Hosts that a request's `Host` may name, in lower case and without ports; empty allows any host.
    package var allowedHosts: Set<String>
    /// Origins whose pages may call the server.
    package var allowedOrigins: AllowedOrigins
    /// Whether to serve the console.
    package var servesConsole: Bool
    /// Whether to trust `X-Forwarded-Proto` and the last address in `X-Forwarded-For`.
    ///
    /// This is safe only behind a proxy that sets both headers.
    package var trustsForwardedProto: Bool
    /// Time after which a connection is closed if the client sends nothing, whether between or within requests.
    ///
    /// On Linux, a connection is also closed if the client reads nothing of a response for this time.
    package var idleTimeout: Duration
    /// Maximum time to wait for a TLS handshake, a request head, or a whole request that does not transfer file bytes.
    ///
    /// The time for which the client waits for the server does not count.
    package var requestTimeout: Duration
    /// Minimum rate in bytes per second of a body that transfers file bytes, such as a part; 0 allows any rate.
    package var minimumPartRate: Int
    /// Maximum number of connections.
    package var maximumConnections: Int
    /// Maximum number of connections from one IPv4 address or one 64-bit IPv6 network.
    package var maximumConnectionsPerAddress: Int
    /// Maximum size of a JSON body in bytes.
    ///
    /// Completing an upload with 10,000 part reports needs about 1 MB.
    package var maximumBodySize: Int
    /// Maximum length in bytes of a file that is stored in one call.
    package var maximumFilePut: Int
    /// Maximum size of a request head in bytes.
    package var maximumHeaderSize: Int
    /// Limit on the calls of each token to this process; `nil` allows any number of calls.
    package var rateLimit: RateLimit?
    /// Limit on the requests with invalid credentials from one IPv4 address or one 64-bit IPv6 network; `nil` allows
    /// any number.
    package var failedAuthenticationLimit: RateLimit?
    /// Minimum duration of a request that is logged as slow, unless it transfers the bytes of a part, file or archive,
    /// or waits for events.
    package var slowRequest: Duration

    package init(
        listen: ListenAddress = .tcp(host: "127.0.0.1", port: 8080),
        usesTLS: Bool = false,
        redirectListen: ListenAddress? = nil,
        isReadOnly: Bool = false,
        publicURL: BaseURL? = nil,
        allowedHosts: Set<String> = [],
        allowedOrigins: AllowedOrigins = .none,
        servesConsole: Bool = true,
        trustsForwardedProto: Bool = false,
        idleTimeout: Duration = .seconds(150),
        requestTimeout: Duration = .seconds(30),
        minimumPartRate: Int = 1024,
        maximumConnections: Int = 8000,
        maximumConnectionsPerAddress: Int = 4000,
        maximumBodySize: Int = 8 << 20,
        maximumFilePut: Int = 64 << 20,
        maximumHeaderSize: Int = 32 << 10,
        rateLimit: RateLimit? = nil,
        failedAuthenticationLimit: RateLimit? = nil,
        slowRequest: Duration = .seconds(10)
    ) {
        self.listen = listen
        self.usesTLS = usesTLS
        self.redirectListen = redirectListen
        self.isReadOnly = isReadOnly
        self.publicURL = publicURL
        self.allowedHosts = allowedHosts
        self.allowedOrigins = allowedOrigins
        self.servesConsole = servesConsole
        self.trustsForwardedProto = trustsForwardedProto
        self.idleTimeout = idleTimeout
        self.requestTimeout = requestTimeout
        self.minimumPartRate = minimumPartRate
        self.maximumConnections = maximumConnections
        self.maximumConnectionsPerAddress = maximumConnectionsPerAddress
        self.maximumBodySize = maximumBodySize
        self.maximumFilePut = maximumFilePut
        self.maximumHeaderSize = maximumHeaderSize
        self.rateLimit = rateLimit
        self.failedAuthenticationLimit = failedAuthenticationLimit
        self.slowRequest = slowRequest
    }

    /// Returns the origin of the listen address, such as `https://127.0.0.1:8443`, regardless of the public URL.
    ///
    /// - Parameter port: The port on which the server listens.
    /// - Returns: `nil` for a Unix socket.
    package func localOrigin(port: Int) -> String? {
        guard case .tcp(let host, _) = listen else { return nil }
        return "\(scheme)://\(ListenAddress.authority(host)):\(port)"
    }

    /// Returns the URL of the console, without a trailing slash: the public URL if there is one, otherwise the URL of
    /// the listen address.
    ///
    /// A wildcard address (`0.0.0.0` or `::`) is replaced with the loopback address.
    ///
    /// - Parameter port: The port on which the server listens.
    /// - Returns: `nil` for a Unix socket without a public URL.
    package func consoleURL(port: Int) -> String? {
        if let publicURL { return publicURL.description }
        guard case .tcp(let host, _) = listen else { return nil }
        var local = self
        local.listen = .tcp(host: ["0.0.0.0": "127.0.0.1", "::": "::1"][host] ?? host, port: port)
        return local.localOrigin(port: port)
    }

    /// The origin of the console's pages; `nil` if it depends on the `Host` of each request, or on the port that the
    /// system selects.
    package var consoleOrigin: String? {
        if let publicURL { return AllowedOrigins.origin(of: publicURL.description) }
        guard case .tcp(let host, let port) = listen, port != 0, !["0.0.0.0", "::"].contains(host) else { return nil }
        return localOrigin(port: port).flatMap(AllowedOrigins.origin)
    }

    /// Whether other machines can reach the server, and URLs in responses contain any `Host` that they send.
    package var trustsAnyHost: Bool { !listen.isLocal && publicURL == nil && allowedHosts.isEmpty }

    /// Whether the server listens on the loopback interface, so that other machines reach it only through a proxy;
    /// `false` for a Unix socket.
    package var isOnLoopback: Bool {
        guard case .tcp = listen else { return false }
        return listen.isLocal
    }

    private var scheme: String { usesTLS ? "https" : "http" }
}
