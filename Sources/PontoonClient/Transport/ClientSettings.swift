public import SystemPackage

/// Connection, timeout and retry settings.
public struct ClientSettings: Sendable {
    /// PEM file with certificates to trust instead of the system's.
    public var caFile: FilePath?
    /// Proxies, and the hosts that are contacted directly.
    public var proxies = ProxySettings()
    /// Maximum time without progress in a part or range before it is retried; its total duration is not limited.
    public var stallTimeout: Duration = .seconds(60)
    /// Timeout of an API call; ten times as long for the completion of an upload.
    public var callTimeout: Duration = .seconds(60)
    /// Policy that decides which failed requests are retried, and when.
    public var retry = RetryPolicy()
    /// Maximum number of connections to one host.
    public var connections = 128
    /// The `User-Agent` header of every request.
    public var userAgent = "pontoon"

    /// Creates the default settings, without proxies.
    public init() {}

    /// Creates the default settings with the certificates and proxies from environment variables.
    ///
    /// `SSL_CERT_FILE` sets ``caFile``; see ``ProxySettings/init(environment:)`` for the others.
    public init(environment: [String: String]) {
        caFile = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        proxies = ProxySettings(environment: environment)
    }
}
