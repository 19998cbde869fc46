import PontoonFoundation

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
    /// Host name or address, without brackets.
    public let host: String
    /// Port; 443 for `https` and 80 for `http` if the URL has none.
    public let port: Int
    /// Whether the scheme is `https`.
    public let isSecure: Bool

    /// The value of ``url``.
    public var description: String { url }

    /// Parses a URL or the short name of a platform.
    ///
    /// White space and line breaks at both ends are removed, and so are trailing slashes. Short names are not
    /// case-sensitive.
    ///
    /// A URL must have the scheme `http` or `https` and a host. It may have a port from 1 to 65535 and a path, but no
    /// query, fragment or user name.
    ///
    /// - Throws: ``ClientError`` with code `.endpointInvalid` if the text is neither a short name nor such a URL.
    public init(_ text: String) throws(ClientError) {
        let text = text.trimmed
        let known = Self.platforms.first { $0.name == text.lowercased() }
        var url = known?.url ?? text
        while url.hasSuffix("/") { url.removeLast() }
        let address: WebAddress
        do {
            address = try WebAddress(url)
        } catch {
            throw Self.invalid(text, error.rawValue)
        }
        guard !url.contains("?"), !url.contains("#") else { throw Self.invalid(text, "it has a query or a fragment") }
        self.url = url
        host = address.host
        isSecure = address.isSecure
        port = address.port
        let shown = host.contains(":") ? "[\(host)]" : host
        origin = "\(address.scheme)://\(shown)" + (address.explicitPort.map { ":\($0)" } ?? "")
    }

    private static func invalid(_ text: String, _ problem: String) -> ClientError {
        let names = platforms.map(\.name).joined(separator: ", ")
        return ClientError(
            .endpointInvalid,
            "'\(text)' is not a valid API URL: \(problem).",
            advice: "Use a URL such as https://api.sbgenomics.com/v2, or one of: \(names)."
        )
    }
}

/// A user's token.
///
/// Its descriptions are the placeholder `<token>`, so that the token is not logged by accident.
public struct AuthToken: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package let value: String

    /// Creates a token from its text, removing white space and line breaks at both ends.
    public init(_ value: String) { self.value = value.trimmed }

    /// Whether the token can be sent: it is not empty and contains only visible ASCII characters.
    package var isValid: Bool { !value.isEmpty && value.utf8.allSatisfy { 0x21...0x7E ~= $0 } }

    /// The placeholder `<token>`.
    public var description: String { "<token>" }
    /// The placeholder `<token>`.
    public var debugDescription: String { "<token>" }
}
