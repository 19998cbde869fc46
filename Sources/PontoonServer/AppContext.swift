import Foundation
import Hummingbird
import Logging
import NIOCore
import PontoonCore

extension String {
    /// Whether the text contains `/`, even if the slash forms one `Character` with a combining mark that follows it.
    var containsSlash: Bool { utf8.contains(UInt8(ascii: "/")) }
}

/// The data that middleware and handlers share about one request.
struct AppContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The request id, sent in `X-Request-Id` and included in every log line about the request.
    let requestID = Identifiers.uuid()
    /// The data collected about the request, for metrics and log lines.
    let record = RequestRecord()
    /// The channel of the connection.
    let channel: any Channel
    /// The URL at which the client reaches the server, set by ``ErrorMiddleware``; `nil` in a health check.
    var base: BaseURL?
    /// The format of error responses, set by ``ErrorMiddleware``.
    var errorFormat = ErrorFormat.platform
    /// The authenticated caller, set by ``CallerMiddleware``.
    var caller: AuthenticatedCaller?
    /// The rate-limit status of the caller's token, set by ``CallerMiddleware``.
    var rateLimit: RateLimitStatus?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// A logger with the request id; created on demand, because most requests log nothing.
    var log: Logger { Self.log(logger, requestID: requestID) }

    /// Returns a logger with a request id.
    static func log(_ logger: Logger, requestID: String) -> Logger {
        var logger = logger
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request.id"] = .string(requestID)
        return logger
    }

    /// Returns a captured path segment, percent-decoded.
    ///
    /// - Throws: `.routeNotFound` if the segment is missing, cannot be decoded, or contains too many combining marks in
    ///   a row.
    func segment(_ name: String) throws -> String {
        guard let raw = parameters.get(name), let text = PercentEncoding.decode(raw), CombiningMarks.areFew(in: text)
        else {
            throw PontoonError(.routeNotFound, "There is no resource at this URL.")
        }
        return text
    }

    /// Returns the URL at which the client reaches the server.
    ///
    /// - Throws: `.badRequest` if the URL is unknown, as in a health check.
    func requireBase() throws -> BaseURL {
        guard let base else {
            throw PontoonError(.badRequest, "The server's URL is unknown for this request; send one Host header.")
        }
        return base
    }

    /// Returns the id of the project in a path with `{owner}` and `{project}`.
    ///
    /// - Throws: `.routeNotFound` if a segment is missing or cannot be decoded; `.projectIDMalformed` if one contains
    ///   `/`.
    func projectID() throws -> ProjectID {
        let (owner, name) = (try segment("owner"), try segment("project"))
        guard !owner.containsSlash, !name.containsSlash else { throw PontoonError.projectIDMalformed }
        return ProjectID(owner: owner, shortName: name)
    }
}
