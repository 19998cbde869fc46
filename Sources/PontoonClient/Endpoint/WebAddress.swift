import PontoonFoundation

/// The scheme, host and port of an `http` or `https` URL.
///
/// Validates the API's URL and the signed URLs that a server provides, before the client connects to them.
struct WebAddress: Hashable, Sendable {
    /// The first problem found in a URL; the raw value is a clause for error messages.
    enum Problem: String, Error {
        case malformed = "it is not a valid URL"
        case scheme = "its scheme is neither http nor https"
        case host = "it has no valid host"
        case port = "its port is not a number from 1 to 65535"
        case user = "it contains a user name"
    }

    let isSecure: Bool
    /// Host name or address, without brackets.
    let host: String
    /// Port; `nil` if the URL has none.
    let explicitPort: Int?

    var scheme: String { isSecure ? "https" : "http" }
    /// Port; 443 for `https` and 80 for `http` if the URL has none.
    var port: Int { explicitPort ?? (isSecure ? 443 : 80) }

    /// Maximum length of a URL in bytes.
    static let maximumLength = 32 << 10

    /// Parses an absolute URL.
    ///
    /// - Throws: The first problem found. A URL that is longer than ``maximumLength`` is ``Problem/malformed``.
    init(_ text: String) throws(Problem) {
        // Foundation would percent-encode these characters instead of rejecting them.
        let isText = text.unicodeScalars.allSatisfy { $0 != " " && $0.properties.generalCategory != .control }
        guard isText, text.utf8.count <= Self.maximumLength, let url = URL(string: text) else { throw .malformed }
        switch url.scheme?.lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: throw .scheme
        }
        guard url.user() == nil, url.password() == nil else { throw .user }
        guard let host = url.host(percentEncoded: false), Self.isHost(host) else { throw .host }
        self.host = host
        explicitPort = try Self.port(of: text)
    }

    private static func isHost(_ host: String) -> Bool {
        // Colons and a zone, such as `%eth0`, occur only in IPv6 addresses.
        let punctuation = host.contains(":") ? "-._:%" : "-._"
        return !host.isEmpty
            && host.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                    || punctuation.unicodeScalars.contains(scalar)
            }
    }

    /// Parses the port from the text, because Foundation omits a port that is too large for an integer.
    private static func port(of text: String) throws(Problem) -> Int? {
        guard let start = text.firstRange(of: "://")?.upperBound else { throw .malformed }
        let authority = text[start...].prefix { !"/?#".contains($0) }
        let afterHost = authority[(authority.lastIndex(of: "]") ?? authority.startIndex)...]
        guard let colon = afterHost.lastIndex(of: ":") else { return nil }
        let digits = afterHost[afterHost.index(after: colon)...]
        guard digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let port = Int(digits),
            (1...65_535).contains(port)
        else { throw .port }
        return port
    }
}
