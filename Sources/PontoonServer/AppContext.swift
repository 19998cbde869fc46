import Foundation
import Hummingbird
import Logging
import NIOCore
import PontoonCore

/// What goes along with one request.
struct AppContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Seen in the answer's `X-Request-Id` and in every log line.
    let requestID = Identifiers.uuid()
    /// The connection.
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// Logs with the request's id; made when it is needed, since most requests log nothing.
    var log: Logger {
        var logger = logger
        logger[metadataKey: "hb.request.id"] = nil
        logger[metadataKey: "request.id"] = .string(requestID)
        return logger
    }

    /// A captured path segment, percent-decoded.
    ///
    /// - Throws: `.routeNotFound` when it is not valid UTF-8; no resource has such a name.
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

    /// Logs what the caller of a refused request is not told.
    func logCause(of refusal: PontoonError) {
        guard let cause = refusal.cause else { return }
        log.warning("refused", metadata: ["cause": "\(cause)", "code": "\(refusal.code)"])
    }
}
