import PontoonCore
import PontoonFoundation

/// The proxies for `https` and `http` URLs, and the hosts that bypass them.
public struct ProxySettings: Sendable {
    /// The address and credentials of a proxy.
    public struct Proxy: Hashable, Sendable {
        /// The protocol that a proxy speaks.
        public enum Kind: String, Sendable {
            /// An HTTP proxy. All connections use its `CONNECT` method, even those for `http` URLs.
            case http
            /// A SOCKS 5 proxy, which also resolves host names.
            case socks5
        }

        /// The protocol that the proxy speaks.
        public let kind: Kind
        /// Host name or address.
        public let host: String
        /// Port, 1 to 65535.
        public let port: Int
        /// `user:password`, percent-decoded; `nil` if the URL contains neither a user name nor a password.
        let login: String?

        /// Parses the URL of a proxy.
        ///
        /// The URL has the form `http://user:password@host:port`, `socks5://host:port` or `host:port`, which means
        /// `http`. `socks5h` is the same as `socks5`. The default port is 80 for `http` and 1080 for SOCKS. User and
        /// password may be percent-encoded.
        ///
        /// - Throws: ``ClientError`` with code `.requestInvalid` for any other text. The message contains `name`, the
        ///   name of the setting or environment variable, but not the text, which may contain a password.
        public init(_ text: String, name: String) throws(ClientError) {
            let text = text.trimmed
            let separator = text.firstRange(of: "://")
            let scheme = separator.map { text[..<$0.lowerBound].lowercased() } ?? "http"
            switch scheme {
            case "http": kind = .http
            case "socks5", "socks5h": kind = .socks5
            default:
                throw Self.invalid(name, "'\(scheme)' proxies are not supported; use http or socks5")
            }
            var authority = text[(separator?.upperBound ?? text.startIndex)...]
            if authority.hasSuffix("/") { authority = authority.dropLast() }
            guard !authority.contains(where: { "/?#".contains($0) }) else {
                throw Self.invalid(
                    name,
                    "it has a path, a query or a fragment; percent-encode '/', '?' and '#' in a user name or password"
                )
            }
            let at = authority.lastIndex(of: "@")
            login = try Self.login(authority[..<(at ?? authority.startIndex)], name)
            guard kind == .http || login == nil else {
                throw Self.invalid(name, "a user name for a SOCKS proxy is not supported")
            }
            let address: WebAddress
            do {
                address = try WebAddress(
                    "http://\(authority[(at.map { authority.index(after: $0) } ?? authority.startIndex)...])"
                )
            } catch {
                throw Self.invalid(name, error.rawValue)
            }
            host = address.host
            port = address.explicitPort ?? (kind == .http ? 80 : 1080)
        }

        /// Returns the percent-decoded `user:password`; `nil` if the text is empty.
        private static func login(_ text: Substring, _ name: String) throws(ClientError) -> String? {
            guard !text.isEmpty else { return nil }
            guard let login = PercentEncoding.decode(String(text)), login.isHeaderValue else {
                throw invalid(name, "its user name or password is not valid")
            }
            return login.contains(":") ? login : "\(login):"
        }

        private static func invalid(_ name: String, _ problem: String) -> ClientError {
            ClientError(
                .requestInvalid,
                "\(name) is not a valid proxy: \(problem).",
                advice: "Use a URL such as http://proxy.example.org:3128, or unset \(name)."
            )
        }
    }

    /// Proxy for `https` URLs; `nil` for direct connections.
    ///
    /// Read from `HTTPS_PROXY` or, if that is not set, `ALL_PROXY`.
    public var secure: Proxy?
    /// Proxy for `http` URLs; `nil` for direct connections.
    ///
    /// Read from `HTTP_PROXY` or, if that is not set, `ALL_PROXY`.
    public var plain: Proxy?
    /// Hosts that bypass the proxies, in lower case, read from `NO_PROXY`.
    ///
    /// Each is `host`, `.host` or `*.host` (all include subdomains), `host:port`, an address, a network such as
    /// `10.0.0.0/8` or `fd00::/8`, or `*` for all hosts. Networks apply to URLs that contain an address; host names are
    /// not resolved.
    public var exceptions: [String] = []

    /// Creates settings without proxies.
    public init() {}

    /// Creates settings from the environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    ///
    /// Lower-case names take precedence, as in curl. An empty variable counts as not set.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the URL of a proxy or a network is not valid, or if a
    ///   kind of proxy is not supported. Ignoring such a value could send requests over a route that the user does not
    ///   want.
    public init(environment: [String: String]) throws(ClientError) {
        func variable(_ names: String...) -> (name: String, value: String)? {
            names.lazy.flatMap { [$0.lowercased(), $0] }.compactMap { name in
                environment[name]?.nonEmpty.map { (name, $0) }
            }.first
        }
        if let (name, value) = variable("HTTPS_PROXY", "ALL_PROXY") { secure = try Proxy(value, name: name) }
        if let (name, value) = variable("HTTP_PROXY", "ALL_PROXY") { plain = try Proxy(value, name: name) }
        // Some programs separate the hosts with spaces.
        guard let (name, value) = variable("NO_PROXY") else { return }
        exceptions = value.split { $0 == "," || $0.isWhitespace }.map { $0.lowercased() }
        if let bad = exceptions.first(where: { $0.contains("/") && IPNetwork($0) == nil }) {
            throw ClientError(
                .requestInvalid,
                "'\(bad)' in \(name) is not a valid network.",
                advice: "Use host names, addresses, and networks such as 10.0.0.0/8."
            )
        }
    }

    /// Returns the proxy for a URL; `nil` for a direct connection.
    ///
    /// - Parameters:
    ///   - isSecure: Whether the URL is `https` rather than `http`.
    ///   - host: Host name or address in the URL, without brackets.
    ///   - port: Port in the URL, or the default port of its scheme.
    /// - Returns: ``secure`` or ``plain``; `nil` if it is not set, or if ``exceptions`` contains the host.
    public func proxy(isSecure: Bool, host: String, port: Int) -> Proxy? {
        let host = host.lowercased()
        let address = IPAddress(host)
        let isExcepted = exceptions.contains { exception in
            var name = Substring(exception)
            if name == "*" || name == "\(host):\(port)" || name == "[\(host)]:\(port)" { return true }
            if let address, let network = IPNetwork(exception) { return network.contains(address) }
            if name.hasPrefix("*") { name = name.dropFirst() }
            if name.hasPrefix(".") { return host.hasSuffix(name) || host == name.dropFirst() }
            return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
        }
        return isExcepted ? nil : (isSecure ? secure : plain)
    }
}
