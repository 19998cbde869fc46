import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore
import Synchronization

/// Determines the URL under which a client reaches the server.
final class BaseURLResolver: Sendable {
    private let settings: ServerSettings
    /// The last URL parsed; nearly all requests have the same.
    private let lastParsed = Mutex<(text: String, url: BaseURL)?>(nil)

    init(settings: ServerSettings) { self.settings = settings }

    /// The public URL, else the request's `Host`, else the address the server listens on.
    func base(for request: Request) -> BaseURL {
        if let url = settings.publicURL { return url }
        let isSecure = settings.trustsForwardedProto && request.headers[.forwardedProto]?.lowercased() == "https"
        let requested = request.head.authority.flatMap { parse("\(isSecure ? "https" : "http")://\($0)") }
        let listening = "\(settings.host):\(settings.port)"
        guard let url = requested ?? BaseURL("http://\(listening)") else {
            preconditionFailure("\(listening) is not an address")
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
