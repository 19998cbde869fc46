import PontoonFoundation

/// The URL at which clients reach this server, without a trailing slash.
package struct BaseURL: Hashable, Sendable, CustomStringConvertible {
    /// The URL, such as `http://127.0.0.1:8080`.
    package let description: String

    /// Parses a URL; drops trailing slashes and a trailing `/v2`.
    ///
    /// - Returns: `nil` unless the text is an `http` or `https` URL with a host and without user, query or fragment.
    package init?(_ text: String) {
        var text = text[...]
        func dropSlashes() { while text.hasSuffix("/") { text.removeLast() } }
        dropSlashes()
        if text.hasSuffix("/v2") {
            text.removeLast(3)
            dropSlashes()
        }
        guard let url = URL(string: String(text)), let scheme = url.scheme, ["http", "https"].contains(scheme),
            url.host?.isEmpty == false, url.query == nil, url.fragment == nil, url.user == nil
        else { return nil }
        description = String(text)
    }

    /// URL of the control plane, ending in `/v2`.
    package var api: String { description + "/v2" }
}
