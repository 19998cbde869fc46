import PontoonCore
public import SystemPackage

/// Connection, timeout and retry settings.
public struct ClientSettings: Sendable {
    /// PEM file with the CA certificates to trust instead of the system's; `nil` to trust the system's certificates.
    public var caFile: FilePath?
    /// Proxies, and the hosts that bypass them.
    public var proxies = ProxySettings()
    /// Time without progress after which the transfer of a part, a range or an archive is retried.
    ///
    /// The total duration of such a transfer is not limited. After sending the last byte of a part, the client waits
    /// for the response five times as long, plus one second per 4 MiB of the part, because the storage may first sync
    /// the part to disk or copy it. An attempt to connect fails after the same time as a stall, but at most 15 seconds.
    public var stallTimeout: Duration = .seconds(60)
    /// Timeout of one attempt of an API call.
    ///
    /// It is twice as long for getting an upload's details, five times as long for sending a file in one call, and ten
    /// times as long for completing an upload.
    public var callTimeout: Duration = .seconds(60)
    /// Policy that decides which failed requests are retried, and when.
    public var retry = RetryPolicy()
    /// Maximum number of parallel connections per host.
    public var connections = 128
    /// Value of the `User-Agent` header, sent with every request; by default `pontoon` with its version and commit.
    public var userAgent = defaultUserAgent

    private static let defaultUserAgent = Build.product

    /// Creates the default settings, without proxies.
    public init() {}

    /// Creates the default settings, with certificates and proxies from environment variables.
    ///
    /// `SSL_CERT_FILE` sets ``caFile``. See ``ProxySettings/init(environment:)`` for the proxies.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` for an invalid proxy.
    public init(environment: [String: String]) throws(ClientError) {
        caFile = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        proxies = try ProxySettings(environment: environment)
    }

    /// Returns the timeout for the storage's response after the last byte of a part of `partSize` bytes was sent.
    func responseTimeout(partSize: Int64) -> Duration {
        stallTimeout * 5 + .seconds(Double(partSize) / Double(4 << 20))
    }
}
