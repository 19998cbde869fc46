import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore
import Synchronization

/// A resolver of the base URL at which a client reaches the server.
final class BaseURLResolver: Sendable {
    private let settings: ServerSettings
    /// The most recently parsed URL, cached because nearly all requests use the same one.
    private let lastParsed = Mutex<(text: String, url: BaseURL)?>(nil)

    init(settings: ServerSettings) { self.settings = settings }

    /// Returns the configured public URL, or else a URL with the request's `Host`, or else the listening address.
    func base(for request: Request) -> BaseURL {
        if let url = settings.publicURL { return url }
        let isSecure = settings.trustsForwardedProto && request.headers[.forwardedProto]?.lowercased() == "https"
        let requested = request.head.authority.flatMap { parse("\(isSecure ? "https" : "http")://\($0)") }
        let listening = "\(settings.host):\(settings.port)"
        guard let url = requested ?? BaseURL("http://\(listening)") else {
            preconditionFailure("the listening address \(listening) is not valid in a URL")
        }
        return url
    }

    private func parse(_ text: String) -> BaseURL? {
        if let last = lastParsed.withLock({ $0 }), last.text == text { return last.url }
        guard let url = BaseURL(text) else { return nil }
        lastParsed.withLock { $0 = (text, url) }
        return url
    }
}
