import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore
import Synchronization

/// A resolver of the base URL at which a client reaches the server.
final class BaseURLResolver: Sendable {
    private let settings: ServerSettings
    /// The most recent result, cached because nearly all requests have the same host.
    private let last = Mutex<(requested: String, url: BaseURL)?>(nil)

    init(settings: ServerSettings) { self.settings = settings }

    /// Returns the configured public URL, or else a URL with the request's `Host`.
    ///
    /// Source: docs/api.md#requests.
    ///
    /// - Throws: `.badRequest` unless the request has exactly one `Host`, which is well-formed and, if the setting
    ///   `--allowed-hosts` is not empty, names one of these hosts.
    func base(for request: Request) throws(PontoonError) -> BaseURL {
        guard let authority = request.head.authority, !authority.isEmpty, request.headers[.host] == nil else {
            throw PontoonError(.badRequest, "The request must have exactly one Host header.")
        }
        let requested = "\(isEncrypted(request) ? "https" : "http")://\(authority)"
        if let last = last.withLock({ $0 }), last.requested == requested { return last.url }
        guard let host = HostHeader(authority), let url = settings.publicURL ?? BaseURL(requested) else {
            throw PontoonError(.badRequest, "The Host header must have the form host or host:port.")
        }
        guard settings.allowedHosts.isEmpty || settings.allowedHosts.contains(host.name) else {
            throw PontoonError(
                .badRequest,
                "The Host header names '\(host.name)', which is not an allowed host; see the setting --allowed-hosts."
            )
        }
        last.withLock { $0 = (requested, url) }
        return url
    }

    /// Returns whether the client used HTTPS, to this server or to a trusted proxy, which reports the scheme as the
    /// first value of `X-Forwarded-Proto`.
    private func isEncrypted(_ request: Request) -> Bool {
        if settings.usesTLS { return true }
        guard settings.trustsForwardedProto, let list = request.headers[.forwardedProto] else { return false }
        return list.prefix { $0 != "," }.trimmingCharacters(in: .whitespaces).lowercased() == "https"
    }
}
