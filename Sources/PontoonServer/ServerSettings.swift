package import PontoonCore

/// How the HTTP server works.
package struct ServerSettings: Sendable {
    /// Name or address to listen on.
    package var host: String
    /// TCP port; 0 takes any free one.
    package var port: Int
    /// Where clients reach this server; `nil` takes each request's own `Host`.
    package var publicURL: BaseURL?
    /// Whether `X-Forwarded-Proto` is believed, for a server behind a proxy.
    package var trustsForwardedProto: Bool
    /// A connection on which nothing arrives for so long is closed, between requests and within one.
    package var idleTimeout: Duration
    /// Longest JSON body in bytes; 4 MiB at the least, a complete call with 10,000 parts needs about 1 MB.
    package var maximumBodySize: Int
    /// Longest request head in bytes.
    package var maximumHeaderSize: Int
    /// How many calls each token may make; `nil` is any number.
    package var rateLimit: RateLimit?

    /// Joins the fields.
    package init(
        host: String = "127.0.0.1",
        port: Int = 8080,
        publicURL: BaseURL? = nil,
        trustsForwardedProto: Bool = false,
        idleTimeout: Duration = .seconds(150),
        maximumBodySize: Int = 8 << 20,
        maximumHeaderSize: Int = 32 << 10,
        rateLimit: RateLimit? = nil
    ) {
        self.host = host
        self.port = port
        self.publicURL = publicURL
        self.trustsForwardedProto = trustsForwardedProto
        self.idleTimeout = idleTimeout
        self.maximumBodySize = maximumBodySize
        self.maximumHeaderSize = maximumHeaderSize
        self.rateLimit = rateLimit
    }
}
