import PontoonCore
public import SystemPackage

/// Connection, timeout and retry settings.
public struct ClientSettings: Sendable {
    /// PEM file of CA certificates to trust instead of the system's; if `nil`, the system's are trusted.
    public var caFile: FilePath?
    /// Proxies, and the hosts that bypass them.
    public var proxies = ProxySettings()
    /// Time without progress after which a part or range is retried; its total duration is not limited.
    ///
    /// After the last byte of a part, the response is awaited for five times as long, plus one second per 4 MiB: the
    /// storage may first sync the part to disk or copy it.
    public var stallTimeout: Duration = .seconds(60)
    /// Timeout of an API call.
    ///
    /// It is twice as long for a request for an upload's details, five times as long for a file that is sent in one
    /// call, and ten times as long for the completion of an upload.
    public var callTimeout: Duration = .seconds(60)
    /// Policy that decides which failed requests are retried, and when.
    public var retry = RetryPolicy()
    /// Maximum number of connections per host.
    public var connections = 128
    /// Value of the `User-Agent` header, sent with every request; by default `pontoon` with its version and commit.
    public var userAgent = defaultUserAgent

    private static let defaultUserAgent = Build.product

    /// Creates the default settings, without proxies.
    public init() {}

    /// Creates the default settings, with certificates and proxies from environment variables.
    ///
    /// `SSL_CERT_FILE` sets ``caFile``; see ``ProxySettings/init(environment:)`` for the others.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` for an invalid proxy.
    public init(environment: [String: String]) throws(ClientError) {
        caFile = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        proxies = try ProxySettings(environment: environment)
    }

    /// Timeout of the storage's response after the last byte of a part.
    func responseTimeout(partSize: Int64) -> Duration {
        stallTimeout * 5 + .seconds(Double(partSize) / Double(4 << 20))
    }
}
