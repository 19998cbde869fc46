import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The request handlers for the console: its pages and their assets.
///
/// A page shares its path with the API, so only clients that accept HTML receive it.
///
/// Source: docs/architecture.md#console.
struct ConsoleCalls {
    let files = ConsoleFiles()
    let policy: ConsolePolicy
    let bodies: JSONBodyReader

    func add(to routes: Routes) {
        routes.page("/", page(files.console))
        routes.page("/drop/{link}", page(files.drop))
        routes.page("/console/\(files.version)/**", asset)
    }

    private func page(_ file: ConsoleFiles.File) -> @Sendable (Request, AppContext) async throws -> Response {
        { request, _ in
            guard AcceptHeader(request.headers[values: .accept]).prefersHTML else {
                throw PontoonError(.routeNotFound, "There is no resource at this URL.")
            }
            var response = try await send(file, caching: "no-cache", request)
            response.headers[.vary] = "Accept"
            return response
        }
    }

    @Sendable private func asset(_ request: Request, _ context: AppContext) async throws -> Response {
        let path = request.uri.path.dropFirst("/console/\(files.version)/".count)
        guard let file = files.assets[String(path)] else {
            throw PontoonError(.routeNotFound, "There is no resource at this URL.")
        }
        return try await send(file, caching: "public, max-age=31536000, immutable", request)
    }

    private func send(_ file: ConsoleFiles.File, caching: String, _ request: Request) async throws -> Response {
        try await bodies.discard(request)
        var headers: HTTPFields = [
            .cacheControl: caching,
            .eTag: file.etag,
            .contentSecurityPolicy: policy.description,
            .xContentTypeOptions: "nosniff",
            .referrerPolicy: "no-referrer",
            .crossOriginOpenerPolicy: "same-origin",
        ]
        if request.headers.contains(etag: file.etag, in: .ifNoneMatch) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = file.mediaType
        headers[.contentLength] = String(file.content.readableBytes)
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.content))
    }
}
