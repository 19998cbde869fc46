package import Foundation

/// A URL that contains its own authorization, and the request to make with it.
package struct SignedRequest: Hashable, Sendable {
    /// `PUT` for a part, `GET` for a download.
    package let method: String
    /// Absolute and strictly valid; much shorter than 6000 characters.
    package let url: String
    /// Time at which the URL expires.
    package let expires: Date
    /// Headers that the client must set.
    package let headers: [String: String]
    /// Response headers that the client must report.
    package let reportHeaders: [String]

    package init(method: String, url: String, expires: Date, headers: [String: String] = [:], reportHeaders: [String]) {
        self.method = method
        self.url = url
        self.expires = expires
        self.headers = headers
        self.reportHeaders = reportHeaders
    }
}

/// Scheme, host and port under which clients reach this server, without a trailing slash.
package struct BaseURL: Hashable, Sendable, CustomStringConvertible {
    /// Such as `http://127.0.0.1:8080`.
    package let description: String

    /// Drops trailing slashes and a trailing `/v2`.
    ///
    /// - Returns: `nil` unless the text is an `http` or `https` URL with a host and neither user, query nor fragment.
    package init?(_ text: String) {
        var text = text[...]
        while text.hasSuffix("/") { text.removeLast() }
        if text.hasSuffix("/v2") { text.removeLast(3) }
        guard let url = URL(string: String(text)), let scheme = url.scheme, ["http", "https"].contains(scheme),
            url.host?.isEmpty == false, url.query == nil, url.fragment == nil, url.user == nil
        else { return nil }
        description = String(text)
    }

    /// Root of the control plane.
    package var api: String { description + "/v2" }
}
