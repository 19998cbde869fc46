import Foundation

/// The proxies for `https` and `http` URLs, and the hosts that bypass them.
public struct ProxySettings: Sendable {
    /// The address and credentials of an HTTP proxy.
    public struct Proxy: Hashable, Sendable {
        /// Host name or address.
        public let host: String
        /// Port, 1 to 65535.
        public let port: Int
        /// `user:password`, if the URL contains a user.
        let login: String?

        /// Parses `http://user:password@host:port` or `host:port`; the default port is 80.
        ///
        /// - Returns: `nil` if the text contains no host, or a port that is not 1 to 65535.
        public init?(_ text: String) {
            guard let url = URL(string: text.contains("://") ? text : "http://\(text)"), let host = url.host(),
                !host.isEmpty, (1...65_535).contains(url.port ?? 80)
            else { return nil }
            self.host = host
            port = url.port ?? 80
            login = url.user(percentEncoded: false).map { "\($0):\(url.password(percentEncoded: false) ?? "")" }
        }
    }

    /// Proxy for `https` URLs: `HTTPS_PROXY`, else `ALL_PROXY`.
    public var secure: Proxy?
    /// Proxy for `http` URLs: `HTTP_PROXY`, else `ALL_PROXY`.
    public var plain: Proxy?
    /// Hosts that bypass the proxies, from `NO_PROXY`, in lower case.
    ///
    /// Each is `host`, `.host` or `*.host` (all include subdomains), `host:port`, or `*` for all hosts.
    public var exceptions: [String] = []

    /// Creates settings without proxies.
    public init() {}

    /// Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    ///
    /// Lower-case names take precedence, as in curl. A proxy whose URL is not valid is ignored.
    public init(environment: [String: String]) {
        func value(_ name: String) -> String? {
            [environment[name.lowercased()], environment[name]].compactMap { $0 }.first { !$0.isEmpty }
        }
        secure = (value("HTTPS_PROXY") ?? value("ALL_PROXY")).flatMap { Proxy($0) }
        plain = (value("HTTP_PROXY") ?? value("ALL_PROXY")).flatMap { Proxy($0) }
        exceptions = (value("NO_PROXY") ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces).lowercased()
        }
    }

    /// Returns the proxy for a host; `nil` for a direct connection.
    public func proxy(isSecure: Bool, host: String, port: Int) -> Proxy? {
        let host = host.lowercased()
        let isExcepted = exceptions.contains { exception in
            var name = Substring(exception)
            if name == "*" || name == "\(host):\(port)" { return true }
            if name.hasPrefix("*") { name = name.dropFirst() }
            if name.hasPrefix(".") { return host.hasSuffix(name) || host == name.dropFirst() }
            return !name.isEmpty && (host == name || host.hasSuffix(".\(name)"))
        }
        return isExcepted ? nil : (isSecure ? secure : plain)
    }
}
