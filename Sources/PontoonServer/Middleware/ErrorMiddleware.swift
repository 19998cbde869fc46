import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTP1
import PontoonCore

/// The middleware that converts errors to responses, answers preflight requests, adds the request id and the CORS
/// headers to responses, and reports finished requests.
///
/// Errors of the HTTP parser are thrown, because the channel responds to them.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = AppContext

    /// Maximum size of the request head in bytes.
    let maximumHeaderSize: Int
    let baseURLs: BaseURLResolver
    /// The CORS policy; `nil` if pages of other origins may not call the server.
    let crossOrigin: CrossOriginPolicy?
    let reporter: RequestReporter

    @concurrent func handle(
        _ request: Request,
        context: AppContext,
        next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        if request.uri.path.hasPrefix(DRSCalls.root) { context.errorFormat = .drs }
        var response: Response
        do {
            try checkHeaderSize(request)
            try checkPath(request)
            // Health checks are accepted with any Host, because load balancers may omit it or send the server's
            // address.
            if !HealthCalls.paths.contains(request.uri.path) { context.base = try baseURLs.base(for: request) }
            if let preflight = crossOrigin?.preflight(request) {
                response = preflight
            } else {
                response = try await next(request, context)
            }
        } catch {
            response = try context.response(to: error)
        }
        response.headers[.requestID] = context.requestID
        crossOrigin?.addHeaders(to: &response, for: request)
        reporter.report(request, response, context, since: start)
        // After HEAD, the client would interpret a body as the start of the next response.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func checkHeaderSize(_ request: Request) throws(PontoonError) {
        let size = request.headers.reduce(request.uri.string.utf8.count) {
            $0 + $1.name.rawName.utf8.count + $1.value.utf8.count
        }
        guard size <= maximumHeaderSize else {
            throw PontoonError(.headersTooLarge, "The request head is longer than \(maximumHeaderSize) bytes.")
        }
    }

    /// Refuses an empty upload id.
    ///
    /// The router ignores empty path segments, so it would use the next segment as the id.
    private func checkPath(_ request: Request) throws(PontoonError) {
        guard !Self.emptyUploadIDs.contains(where: request.uri.path.hasPrefix) else {
            throw PontoonError(.uploadIDMissing, "The upload id is missing from the URL.")
        }
    }

    private static let emptyUploadIDs = [UploadCalls.root, AutomationCalls.uploadRoot].map { "/v2\($0)//" }
}
