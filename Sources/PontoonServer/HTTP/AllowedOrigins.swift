import Foundation

/// The origins whose pages may call the server from a browser.
package enum AllowedOrigins: Hashable, Sendable {
    case none
    case any
    /// At least one origin, in the format of the `Origin` header.
    case listed(Set<String>)

    /// Parses `*`, or origins such as `https://app.example.org`, separated by commas.
    ///
    /// - Returns: `nil` for any other text.
    package init?(_ text: String) {
        let items = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        if items == ["*"] {
            self = .any
            return
        }
        var origins: Set<String> = []
        for item in items {
            guard let origin = Self.serialized(item) else { return nil }
            origins.insert(origin)
        }
        self = .listed(origins)
    }

    /// Returns the origin of a URL; `nil` if the text is not a scheme and a host, optionally with a port and a path.
    static func origin(of url: String) -> String? {
        let start = url.firstRange(of: "://").map(\.upperBound) ?? url.startIndex
        return serialized(String(url[..<(url[start...].firstIndex(of: "/") ?? url.endIndex)]))
    }

    /// Returns an origin in the form in which browsers send it: in lower case and without the default port.
    ///
    /// Returns `nil` if the text is not a scheme and a host with an optional port.
    ///
    /// Source: RFC 6454, section 6.2.
    private static func serialized(_ text: String) -> String? {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        let isScheme = scheme.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") }
        guard !scheme.isEmpty, isScheme, let host = HostHeader(String(text[separator.upperBound...])) else {
            return nil
        }
        let name = host.name.contains(":") ? "[\(host.name)]" : host.name
        let isDefault = host.port == ["http": 80, "https": 443][scheme]
        let port = isDefault ? nil : host.port
        return "\(scheme)://\(name)\(port.map { ":\($0)" } ?? "")"
    }

    /// The value of `Access-Control-Allow-Origin` in a response to a request whose headers are unknown.
    ///
    /// `nil` if no origin is allowed, or if the value depends on the request's `Origin`.
    var fixed: String? {
        switch self {
        case .none: nil
        case .any: "*"
        case .listed(let origins): origins.count == 1 ? origins.first : nil
        }
    }
}
