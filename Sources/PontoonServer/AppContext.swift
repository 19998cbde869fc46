import Foundation
import Hummingbird
import Logging
import NIOCore
import PontoonCore

/// The state of one request.
struct AppContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Sent in `X-Request-Id` and included in every log line.
    let requestID = Identifiers.uuid()
    /// The connection.
    let channel: any Channel
    /// Set by ``AuthenticationMiddleware``.
    var caller: AuthenticatedCaller?
    /// Set by ``RateLimitMiddleware``.
    var rateLimit: RateLimitStatus?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// A logger with the request id; created on use, since most requests log nothing.
    var log: Logger {
        var logger = logger
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request.id"] = .string(requestID)
        return logger
    }

    /// A captured path segment, percent-decoded.
    ///
    /// - Throws: `.routeNotFound` if it is not valid UTF-8, since no resource has such a name.
    func segment(_ name: String) throws -> String {
        guard let raw = parameters.get(name), let text = Query.unescape(raw) else {
            throw PontoonError(.routeNotFound, "There is nothing at this address.")
        }
        return text
    }

    /// The project of a path with `{owner}` and `{project}`.
    func projectID() throws -> ProjectID {
        ProjectID(owner: try segment("owner"), shortName: try segment("project"))
    }
}
