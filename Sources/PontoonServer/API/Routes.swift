import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The table of calls: registers handlers, and refuses with 405 the methods that a path does not have.
final class Routes {
    /// What the handlers share.
    let support: APISupport
    /// The methods of each path.
    private(set) var methods: [String: Set<HTTPRequest.Method>] = [:]
    private let router: Router<AppContext>
    private var refusals: [String: PontoonError] = [:]

    private static let known: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .query,
    ]

    init(router: Router<AppContext>, support: APISupport) {
        self.router = router
        self.support = support
    }

    /// Adds a call that needs a token, and counts for its rate limit.
    ///
    /// Its answers carry the rate-limit headers, whatever they are.
    func call(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ handle: @escaping @Sendable (APICall) async throws -> Response
    ) {
        let support = support
        open(method, "/v2\(path)") { request, context in
            let (caller, rate) = try await support.caller(request)
            do {
                guard rate.isAdmitted else {
                    throw PontoonError(.rateLimited, "There were more calls than \(rate.limit) with this token.")
                }
                let call = APICall(
                    request: request,
                    context: context,
                    caller: caller,
                    rate: rate,
                    base: support.base(request),
                    query: Query(request)
                )
                var response = try await handle(call)
                rate.mark(&response)
                return response
            } catch {
                throw CountedError(cause: error, rate: rate)
            }
        }
    }

    /// Adds a call that anybody may make.
    func open(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ handle: @escaping @Sendable (Request, AppContext) async throws -> Response
    ) {
        methods[path, default: []].insert(method)
        router.on(RouterPath(path), method: method) { request, context in try await handle(request, context) }
    }

    /// Refuses the other methods of one path with something else than 405.
    func refuseOtherMethods(of path: String, with refusal: PontoonError) { refusals[path] = refusal }

    /// Refuses the other methods; after all calls were added.
    func refuseOtherMethods() {
        for (path, allowed) in methods {
            let allow = allowed.map(\.rawValue).sorted().joined(separator: ", ")
            let standard = PontoonError(.methodNotAllowed, "This address knows only \(allow).")
            let refusal = refusals[path] ?? standard
            for method in Self.known where !allowed.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ in
                    var response = try Response.refusal(refusal)
                    if refusal.code == .methodNotAllowed { response.headers[.allow] = allow }
                    return response
                }
            }
        }
    }
}
