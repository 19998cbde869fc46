import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The request handlers for the console: its pages and their assets.
///
/// A page is sent only to clients whose `Accept` header names HTML, such as browsers; all others receive 404 (see
/// ``WeightedList/prefersHTML``). Assets are sent to all clients.
///
/// Source: docs/architecture.md#console.
struct ConsoleCalls {
    let files = ConsoleFiles.shared
    let policy: ConsolePolicy
    let bodies: JSONBodyReader

    func add(to routes: Routes) {
        routes.page("/", page(files.console))
        routes.page("/drop/{link}", page(files.drop))
        routes.page("/console/\(files.version)/**", asset)
    }

    private func page(_ file: ConsoleFiles.File) -> @Sendable (Request, AppContext) async throws -> Response {
        { request, _ in
            guard WeightedList(request.headers[values: .accept]).prefersHTML else {
                var response = Response.refusal(PontoonError(.routeNotFound, "There is no resource at this URL."))
                response.headers[.vary] = "Accept"
                response.headers[.cacheControl] = "no-store"
                return response
            }
            return try await send(file, caching: "no-cache", varying: "Accept, Accept-Encoding", request)
        }
    }

    @Sendable private func asset(_ request: Request, _ context: AppContext) async throws -> Response {
        let path = request.uri.path.dropFirst("/console/\(files.version)/".count)
        guard let file = files.assets[String(path)] else {
            throw PontoonError(.routeNotFound, "There is no resource at this URL.")
        }
        let caching = "public, max-age=31536000, immutable"
        return try await send(file, caching: caching, varying: "Accept-Encoding", request)
    }

    private func send(
        _ file: ConsoleFiles.File,
        caching: String,
        varying: String,
        _ request: Request
    ) async throws -> Response {
        try await bodies.discard(request)
        let encodings = WeightedList(request.headers[values: .acceptEncoding])
        let compressed = encodings.weight(of: "gzip") > 0 ? file.gzip : nil
        let variant = compressed ?? file.plain
        var headers: HTTPFields = [
            .cacheControl: caching,
            .eTag: variant.etag,
            .vary: varying,
            .contentSecurityPolicy: policy.description,
            .xContentTypeOptions: "nosniff",
            .referrerPolicy: "no-referrer",
            .crossOriginOpenerPolicy: "same-origin",
        ]
        if request.headers.contains(etag: variant.etag, in: .ifNoneMatch) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.mediaType
        headers[.contentEncoding] = compressed.map { _ in "gzip" }
        headers[.contentLength] = String(variant.content.readableBytes)
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: variant.content))
    }
}
