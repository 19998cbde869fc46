package import PontoonFoundation

/// A request to a signed or presigned URL, which a client sends without a token.
package struct SignedRequest: Hashable, Sendable {
    /// `PUT` to send a part, `GET` to read a file or a folder archive.
    package let method: String
    /// Absolute URL that conforms to RFC 3986.
    package let url: String
    /// Time at which the URL expires.
    package let expires: Date
    /// Headers that the client must send.
    package let headers: [String: String]
    /// Names of the response headers whose values the client must report; empty for `GET`.
    package let reportHeaders: [String]

    package init(method: String, url: String, expires: Date, headers: [String: String] = [:], reportHeaders: [String]) {
        self.method = method
        self.url = url
        self.expires = expires
        self.headers = headers
        self.reportHeaders = reportHeaders
    }
}
