public import SystemPackage

/// How connections are made and how long is waited.
public struct ClientSettings: Sendable {
    /// PEM file of certificates to trust instead of the system's.
    public var caFile: FilePath?
    /// Proxies, and what goes past them.
    public var proxies = ProxySettings()
    /// How long a transfer may stand still before it is begun anew; never a limit of the whole transfer.
    public var stallTimeout: Duration = .seconds(60)
    /// How long the answer to a call may take; complete has ten times as long.
    public var callTimeout: Duration = .seconds(60)
    /// What is tried again, and when.
    public var retry = RetryPolicy()
    /// Most connections to one host.
    public var connections = 128
    /// `User-Agent` of every request.
    public var userAgent = "pontoon"

    /// Takes the usual values.
    public init() {}

    /// Takes `SSL_CERT_FILE` and the proxies of an environment.
    public init(environment: [String: String]) {
        caFile = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        proxies = ProxySettings(environment: environment)
    }
}
