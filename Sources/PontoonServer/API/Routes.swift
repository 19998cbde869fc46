import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The callers who may make a call.
enum CallAudience: Sendable {
    case users
    /// Users, and senders who have signed in with an upload link.
    case usersAndSenders
}

/// The route table: registers the handler of each call, and responds with 405 to unsupported methods on its path.
final class Routes {
    let bodies: JSONBodyReader
    let failures: FailedAuthentications
    let settings: ServerSettings
    /// The registered methods of each path, except the paths of the console.
    private(set) var methods: [String: Set<HTTPRequest.Method>] = [:]
    private let router: Router<AppContext>
    let callers: CallerMiddleware
    /// The route group under ``root``, whose calls need a token and count towards its rate limit.
    private let api: RouterGroup<AppContext>
    /// The route group of DRS, whose calls need a token and count towards its rate limit.
    private let drs: RouterGroup<AppContext>
    private var refusals: [String: PontoonError] = [:]

    /// The path below which the API is served.
    static let root = "/v2"

    private static let known: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .query,
    ]

    init(router: Router<AppContext>, useCases: UseCases, settings: ServerSettings) {
        self.router = router
        self.settings = settings
        bodies = JSONBodyReader(maximumSize: settings.maximumBodySize)
        failures = FailedAuthentications(
            limit: settings.failedAuthenticationLimit,
            trustsProxy: settings.trustsForwardedProto,
            now: useCases.now
        )
        callers = CallerMiddleware(
            accounts: useCases.accounts,
            senders: useCases.senders,
            counter: settings.rateLimit.map { RateLimitCounter($0) },
            failures: failures,
            now: useCases.now
        )
        api = router.group(RouterPath(Self.root)).add(middleware: callers)
        drs = router.group(RouterPath(DRSCalls.root)).add(middleware: callers)
    }

    /// Registers a call that needs a token with one of the scopes in ``CallScopes``; `GET` includes `HEAD`.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path, relative to `root`.
    ///   - root: The path below which the call is registered: ``root`` or ``DRSCalls/root``.
    ///   - audience: The callers who may make the call; others are refused with `.notAuthenticated`.
    ///   - changes: Whether a read-only server refuses the call, because it changes something or prepares a change;
    ///     `nil` stands for `true` for every method but `GET`.
    ///   - handle: The handler of calls that are not refused.
    func call(
        _ method: HTTPRequest.Method,
        _ path: String,
        under root: String = Routes.root,
        for audience: CallAudience = .users,
        changes: Bool? = nil,
        _ handle: @escaping @Sendable (APICall) async throws -> Response
    ) {
        let (group, name) = root == Self.root ? (api, path) : (drs, root + path)
        let scopes = CallScopes.allowing(method, name)
        let isRefused = refuses(changes ?? (method != .get))
        for method in Self.including(method) {
            methods["\(root)\(path)", default: []].insert(method)
            group.on(RouterPath(path), method: method) { [bodies] request, context in
                let call = try APICall(request, context, base: context.requireBase(), bodies: bodies)
                try call.check(audience, scopes)
                defer { call.end() }
                if isRefused { return Self.readOnlyRefusal(context) }
                return try await handle(call)
            }
        }
    }

    /// Registers a call that needs no token; `GET` includes `HEAD`.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path.
    ///   - changes: Whether a read-only server refuses the call, because it changes something.
    ///   - handle: The handler.
    func open(
        _ method: HTTPRequest.Method,
        _ path: String,
        changes: Bool = false,
        _ handle: @escaping @Sendable (Request, AppContext) async throws -> Response
    ) {
        let isRefused = refuses(changes)
        for method in Self.including(method) {
            methods[path, default: []].insert(method)
            router.on(RouterPath(path), method: method) { request, context in
                if isRefused { return Self.readOnlyRefusal(context) }
                return try await handle(request, context)
            }
        }
    }

    private func refuses(_ changes: Bool) -> Bool { settings.isReadOnly && changes }

    /// Returns the response of a read-only server to a call that changes something.
    ///
    /// Code 0 is the platform's code for maintenance. Clients wait and retry the call.
    private static func readOnlyRefusal(_ context: AppContext) -> Response {
        context.record.note(refusal: .unavailable)
        var response = Response.refusal(
            PontoonError(.unavailable, "The server is in read-only mode for maintenance; try again later.")
        )
        response.headers[.retryAfter] = "30"
        return response
    }

    /// Registers `GET` and `HEAD` for a page or file of the console.
    ///
    /// These requests need no token and are not API calls.
    func page(
        _ path: String,
        _ handle: @escaping @Sendable (Request, AppContext) async throws -> Response
    ) {
        for method in Self.including(.get) { router.on(RouterPath(path), method: method, use: handle) }
    }

    private static func including(_ method: HTTPRequest.Method) -> [HTTPRequest.Method] {
        method == .get ? [.get, .head] : [method]
    }

    /// Sets the error to return, instead of 405, for unsupported methods on a path.
    func refuseOtherMethods(of path: String, with refusal: PontoonError) { refusals[path] = refusal }

    /// Registers the error responses to unsupported methods; must be called after all calls are registered.
    func refuseOtherMethods() {
        for (path, allowed) in methods {
            let allow = allowed.map(\.rawValue).sorted().joined(separator: ", ")
            let standard = PontoonError(.methodNotAllowed, "This URL supports only \(allow).")
            let refusal = refusals[path] ?? standard
            for method in Self.known where !allowed.contains(method) {
                router.on(RouterPath(path), method: method) { _, context in
                    var response = Response.refusal(refusal, as: context.errorFormat)
                    if refusal.code == .methodNotAllowed { response.headers[.allow] = allow }
                    return response
                }
            }
        }
    }
}
