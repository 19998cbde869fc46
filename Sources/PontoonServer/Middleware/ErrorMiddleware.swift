import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import PontoonCore

/// Answers every error with the API's envelope, gives each answer its request id, and writes one log line a request.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = AppContext

    let maximumHeaderSize: Int

    @concurrent func handle(
        _ request: Request,
        context: AppContext,
        next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            try checkHeaders(request)
            try checkPath(request)
            response = try await next(request, context)
        } catch let counted as CountedError {
            response = try answer(counted.cause, request, context)
            counted.rate.mark(&response)
        } catch {
            response = try answer(error, request, context)
        }
        response.headers[.requestID] = context.requestID
        log(request, response, context, took: .now - start)
        // Bytes after the head would be taken for the next answer on this connection.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ error: any Error, _ request: Request, _ context: AppContext) throws -> Response {
        if error is HTTPParserError { throw error }
        if let refusal = error as? PontoonError {
            context.logCause(of: refusal)
            return try .refusal(refusal)
        }
        if let refusal = error as? HTTPError, refusal.status == .notFound {
            return try .refusal(PontoonError(.routeNotFound, "There is nothing at this address."))
        }
        if error is ChannelError || error is CancellationError {
            context.log.debug("the client went away", metadata: ["error": "\(error)"])
            return try .refusal(PontoonError(.bodyIncomplete, "The connection was cut."))
        }
        if let fault = error as? any TemporaryFault, fault.isTemporary {
            context.log.error("a store gives no answer", metadata: ["error": "\(error)"])
            return try .refusal(PontoonError(.unavailable, "The service is not available now; try again later."))
        }
        context.log.error("internal fault", metadata: ["error": "\(error)"])
        return try .refusal(PontoonError(.internalFault, "An unexpected error occurred; see the server's log."))
    }

    private func checkHeaders(_ request: Request) throws(PontoonError) {
        let size = request.headers.reduce(request.uri.string.utf8.count) {
            $0 + $1.name.rawName.utf8.count + $1.value.utf8.count
        }
        guard size <= maximumHeaderSize else {
            throw PontoonError(.headersTooLarge, "The request's head is longer than \(maximumHeaderSize) bytes.")
        }
    }

    /// The router takes two slashes for one, so an empty id would make the next segment the id.
    private func checkPath(_ request: Request) throws(PontoonError) {
        let path = request.uri.path
        guard !path.hasPrefix("/v2/upload/multipart//"), !path.hasPrefix("/v2/automation/upload//") else {
            throw PontoonError(.uploadIDMissing, "The upload id is missing.")
        }
    }

    /// The route's pattern and never the URL: signed URLs carry a permission.
    private func log(_ request: Request, _ response: Response, _ context: AppContext, took: Duration) {
        guard context.logger.logLevel <= .info else { return }
        context.log.info(
            "request",
            metadata: [
                "method": "\(request.method)",
                "route": "\(context.endpointPath ?? "unknown")",
                "status": "\(response.status.code)",
                "seconds": "\(took.inSeconds)",
            ]
        )
    }
}
