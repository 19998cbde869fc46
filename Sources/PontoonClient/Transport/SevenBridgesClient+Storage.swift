import AsyncHTTPClient
import NIOHTTP1

extension SevenBridgesClient {
    /// Maximum number of request headers that a server may provide, and their maximum total length in bytes.
    private static let maximumHeaders = (count: 100, bytes: 32 << 10)

    /// Names of headers that describe the connection or the body.
    ///
    /// The HTTP client sets them itself. Some servers include signed headers of this kind, such as `Host`, in the
    /// headers to send.
    private static let ownHeaders: Set<String> = [
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection",
        "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// Creates a request to a URL that the server provided.
    ///
    /// - Parameters:
    ///   - method: The HTTP method.
    ///   - url: The URL; see ``checkStorageURL(_:of:)``.
    ///   - headers: Request headers that the server provided. Headers that describe the connection or the body are
    ///     ignored.
    ///   - subject: The object behind the URL, such as `part 3`, for error messages.
    /// - Returns: The request, without a body.
    /// - Throws: `.responseUnreadable` if the URL or a header is not allowed.
    func storageRequest(
        _ method: HTTPMethod,
        _ url: String,
        headers: [String: String] = [:],
        of subject: String
    ) throws(ClientError) -> HTTPClientRequest {
        try checkStorageURL(url, of: subject)
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = ["User-Agent": transport.settings.userAgent]
        let bytes = headers.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        guard headers.count <= Self.maximumHeaders.count, bytes <= Self.maximumHeaders.bytes else {
            throw Self.unusable("too many or overly long request headers for \(subject)")
        }
        for (name, value) in headers where !Self.ownHeaders.contains(name.lowercased()) {
            guard name.isHeaderName, value.isHeaderValue else {
                throw Self.unusable("an invalid request header for \(subject)")
            }
            request.headers.replaceOrAdd(name: name, value: value)
        }
        return request
    }

    /// Checks a URL that the server provided.
    ///
    /// The URL must have the scheme `http` or `https`, a host, a valid port if any, and no user name. If the API's URL
    /// has the scheme `https`, this URL must have it too.
    ///
    /// - Throws: `.responseUnreadable`; the message does not contain the URL, because signed URLs are secret.
    func checkStorageURL(_ url: String, of subject: String) throws(ClientError) {
        let problem: String
        do {
            let address = try WebAddress(url)
            if address.isSecure || !endpoint.isSecure { return }
            problem = "it begins with http://, although the API's URL begins with https://"
        } catch {
            problem = error.rawValue
        }
        throw Self.unusable("a URL for \(subject) that is not allowed: \(problem)")
    }

    private static func unusable(_ problem: String) -> ClientError {
        ClientError(
            .responseUnreadable,
            "The server provided \(problem).",
            advice: "Contact the server's operator."
        )
    }
}

extension String {
    /// Whether the text is a valid name of an HTTP header (RFC 9110, section 5.6.2).
    fileprivate var isHeaderName: Bool {
        !isEmpty
            && unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "0"..."9", "A"..."Z", "a"..."z": true
                default: "!#$%&'*+-.^_`|~".unicodeScalars.contains(scalar)
                }
            }
    }

    /// Whether the text is a valid value of an HTTP header (RFC 9110, section 5.5).
    var isHeaderValue: Bool { unicodeScalars.allSatisfy { $0 == "\t" || $0.properties.generalCategory != .control } }
}
