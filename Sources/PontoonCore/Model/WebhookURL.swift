/// A valid URL to which events are sent.
///
/// The IP addresses of the host are checked when events are sent; see ``WebhookAddresses``.
package struct WebhookURL: Hashable, Sendable {
    package static let maximumBytes = 2048

    /// The URL, with scheme and host in lower case, and with the path `/` if the given URL has none.
    package let text: String
    package let usesTLS: Bool
    /// The host name or IP address, in lower case; an IPv6 address has no brackets.
    package let host: String
    /// The port in the URL or, if it contains none, the default port of the scheme.
    package let port: Int

    /// Parses a URL.
    ///
    /// - Throws: `.badRequest` unless the text is an `http` or `https` URL of at most ``maximumBytes`` visible ASCII
    ///   characters, without a user name or a fragment, whose port is 80, 443 or at least 1024.
    package init(_ text: String) throws(PontoonError) {
        let invalid = PontoonError(
            .badRequest,
            """
            The URL of a webhook must be an http or https URL, such as https://receiver.example.org/events, with at \
            most \(Self.maximumBytes) visible ASCII characters and without a user name or fragment.
            """
        )
        guard (1...Self.maximumBytes).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !text.utf8.contains(where: { "#\\\"<>^`{|}".utf8.contains($0) }),
            let separator = text.firstRange(of: "://")
        else { throw invalid }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw invalid }
        let rest = text[separator.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end]) else { throw invalid }
        usesTLS = scheme == "https"
        self.host = host
        self.port = port ?? (usesTLS ? 443 : 80)
        guard self.port == 80 || self.port == 443 || self.port >= 1024 else {
            throw PontoonError(
                .badRequest,
                "Port \(self.port) is not allowed in the URL of a webhook; use 80, 443, or 1024 to 65535."
            )
        }
        let written = host.contains(":") ? "[\(host)]" : host
        let path = rest[end...]
        let slash = path.hasPrefix("/") ? "" : "/"
        self.text = "\(scheme)://\(written)\(port.map { ":\($0)" } ?? "")\(slash)\(path)"
    }

    /// Splits `host`, `host:port`, `[address]` or `[address]:port`; returns `nil` for any other text.
    private static func authority(_ text: Substring) -> (host: String, port: Int?)? {
        let name: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            name = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard case .v6? = NetworkAddress(String(name)) else { return nil }
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            (name, rest) = (text[..<end], text[end...])
            let isName = name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "-._".utf8.contains(byte)
            }
            guard isName, (1...253).contains(name.utf8.count) else { return nil }
        }
        let host = name.lowercased()
        if rest.isEmpty { return (host, nil) }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), (1...65535).contains(port)
        else { return nil }
        return (host, port)
    }
}
