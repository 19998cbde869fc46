import Foundation

/// Proxies by the customary variables of the environment, decided without I/O.
public struct ProxySettings: Sendable {
    /// A proxy.
    public struct Proxy: Hashable, Sendable {
        /// Its host.
        public let host: String
        /// Its port.
        public let port: Int
        /// `user:password`, when the URL has them.
        let login: String?

        /// Reads `http://user:password@host:port` or `host:port`.
        ///
        /// - Returns: `nil` when there is no host in it.
        public init?(_ text: String) {
            guard !text.isEmpty, let url = URL(string: text.contains("://") ? text : "http://\(text)"),
                let host = url.host(), !host.isEmpty
            else { return nil }
            self.host = host
            port = url.port ?? 80
            login = url.user(percentEncoded: false).map { "\($0):\(url.password(percentEncoded: false) ?? "")" }
        }
    }

    /// For `https` URLs: `HTTPS_PROXY`, else `ALL_PROXY`.
    public var secure: Proxy?
    /// For `http` URLs: `http_proxy`, else `ALL_PROXY`.
    public var plain: Proxy?
    /// Hosts that are called directly: names, `.suffixes`, `host:port`, or `*` for all; `NO_PROXY`.
    public var exceptions: [String] = []

    /// Uses none.
    public init() {}

    /// Reads the variables; those in small letters win, as with curl.
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

    /// The proxy for a host.
    ///
    /// - Returns: `nil` when it is called directly.
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
