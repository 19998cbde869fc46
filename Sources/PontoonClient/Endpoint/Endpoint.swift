import Foundation

/// The URL of an API, such as `https://api.sbgenomics.com/v2`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A hosted platform that can be selected by a short name.
    public struct Platform: Hashable, Sendable {
        /// Short name, such as `cgc`, in lower case.
        public let name: String
        /// Full name, such as `Cancer Genomics Cloud`.
        public let title: String
        /// URL of the API.
        public let url: String
    }

    /// The platforms that ``init(_:)`` accepts by their short names.
    public static let platforms = [
        Platform(name: "us", title: "Seven Bridges, US", url: "https://api.sbgenomics.com/v2"),
        Platform(name: "eu", title: "Seven Bridges, EU", url: "https://eu-api.sbgenomics.com/v2"),
        Platform(name: "cgc", title: "Cancer Genomics Cloud", url: "https://cgc-api.sbgenomics.com/v2"),
        Platform(name: "cavatica", title: "CAVATICA", url: "https://cavatica-api.sbgenomics.com/v2"),
        Platform(name: "bdc", title: "BioData Catalyst", url: "https://api.sb.biodatacatalyst.nhlbi.nih.gov/v2"),
        Platform(name: "china", title: "Seven Bridges, China", url: "https://api.sevenbridges.cn/v2"),
    ]

    /// Absolute URL without a trailing slash.
    public let url: String
    /// Scheme, host and, if the URL has one, port, such as `https://api.sbgenomics.com`.
    public let origin: String
    /// Host name or address.
    public let host: String
    /// Port; 443 for `https` and 80 for `http` if the URL has none.
    public let port: Int
    /// Whether the scheme is `https`.
    public let isSecure: Bool

    /// Same as ``url``.
    public var description: String { url }

    /// Parses a URL or the short name of a platform.
    ///
    /// Trailing slashes are removed. Short names are not case-sensitive.
    ///
    /// - Throws: ``ClientError`` with code `.endpointInvalid` unless the text is a short name, or an `http` or `https`
    ///   URL with a host and without a query or user name.
    public init(_ text: String) throws(ClientError) {
        let known = Self.platforms.first { $0.name == text.lowercased() }
        var url = known?.url ?? text
        while url.hasSuffix("/") { url.removeLast() }
        guard let parsed = URL(string: url), let scheme = parsed.scheme?.lowercased(),
            ["http", "https"].contains(scheme),
            let host = parsed.host(), !host.isEmpty, parsed.query() == nil, parsed.user() == nil
        else {
            let names = Self.platforms.map(\.name).joined(separator: ", ")
            throw ClientError(
                .endpointInvalid,
                "'\(text)' is not a valid API URL.",
                advice: "Use a URL such as https://api.sbgenomics.com/v2, or one of: \(names)."
            )
        }
        self.url = url
        self.host = host
        isSecure = scheme == "https"
        port = parsed.port ?? (isSecure ? 443 : 80)
        let shown = host.contains(":") ? "[\(host)]" : host
        origin = "\(scheme)://\(shown)" + (parsed.port.map { ":\($0)" } ?? "")
    }
}

/// A user's token, whose descriptions are the placeholder `<token>` so that it is not logged by accident.
public struct AuthToken: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package let value: String

    /// Creates a token from its text.
    public init(_ value: String) { self.value = value }

    /// The placeholder `<token>`.
    public var description: String { "<token>" }
    /// The placeholder `<token>`.
    public var debugDescription: String { "<token>" }
}
