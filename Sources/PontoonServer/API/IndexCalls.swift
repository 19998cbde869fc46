import Hummingbird
import HummingbirdCore
import NIOCore
import PontoonCore

/// The request handlers for the API index, the OpenAPI document, the rate limit and users.
///
/// Source: docs/api.md#index.
struct IndexCalls {
    let useCases: UseCases
    let callers: CallerMiddleware
    let bodies: JSONBodyReader

    /// The resources whose URLs the index lists, by first path segment; the Python client requires all of them.
    private static let resources = [
        "rate_limit", "user", "users", "billing", "projects", "files", "tasks", "apps", "action", "upload",
    ]

    /// Names of all of Pontoon's API extensions, which have no effect on clients that do not use them.
    ///
    /// The index omits extensions that the server's configuration does not support.
    ///
    /// Source: docs/api.md#extensions.
    private static let extensions = [
        "archive_put", "checksums", "complete_reports", "drs", "events", "file_put", "folder_archive", "forecast",
        "on_conflict", "openapi", "part_infos", "stored_parts", "tokens", "upload_contents", "upload_labels",
        "upload_links", "usage", "verification", "webhooks",
    ]

    /// The OpenAPI document, in one buffer that all responses share, so that pending responses take no extra memory.
    private static let openAPI = ByteBuffer(bytes: APIDocument.openAPI)

    func add(to routes: Routes) {
        routes.open(.get, "/v2", index)
        routes.open(.get, "/v2/openapi.yaml", document)
        routes.call(.get, "/rate_limit", rateLimit)
        routes.call(.get, "/user", user)
        routes.call(.get, "/users", users)
        routes.call(.get, "/users/{username}", namedUser)
    }

    @Sendable private func index(_ request: Request, _ context: AppContext) async throws -> Response {
        try await bodies.discard(request)
        let (isUser, refusal) = try await callers.recognizes(request, context)
        if let refusal { return refusal }
        let base = try context.requireBase()
        var urls = Dictionary(
            uniqueKeysWithValues: Self.resources.map { ("\($0)_url", JSONValue.string("\(base.api)/\($0)")) }
        )
        var absent: Set<String> = []
        if case .external = useCases.dataPlane { absent.insert("upload_contents") }
        if !useCases.events.isEnabled { absent.formUnion(["events", "webhooks"]) }
        let extensions = Self.extensions.filter { !absent.contains($0) }
        urls["extensions"] = .array(extensions.map(JSONValue.string))
        if isUser {
            // Sent only to users, because versions reveal which vulnerabilities the server may have.
            urls["build"] = .object([
                "version": .string(Build.version), "commit": .string(Build.commit), "swift": .string(Build.swift),
            ])
        }
        return .json(JSONValue.object(urls))
    }

    @Sendable private func document(_ request: Request, _ context: AppContext) async throws -> Response {
        try await bodies.discard(request)
        let body = Self.openAPI
        return Response(
            status: .ok,
            headers: [.contentType: "application/yaml", .contentLength: String(body.readableBytes)],
            body: ResponseBody(byteBuffer: body)
        )
    }

    @Sendable private func rateLimit(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        return .json(RateLimitBody(status: call.rateLimit))
    }

    @Sendable private func user(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        return .json(UserBody(user: call.caller.user, base: call.base), fields: call.fields)
    }

    @Sendable private func users(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let page = try call.query.page()
        let areAdministrators: Bool?
        switch call.query["role"].map({ $0.uppercased() }) {
        case nil: areAdministrators = nil
        case UserBody.administrator: areAdministrators = true
        case UserBody.member: areAdministrators = false
        case let role?:
            throw PontoonError(.badRequest, "The parameter 'role' must be 'ADMIN' or 'MEMBER', not '\(role)'.")
        }
        let listing = try await useCases.accounts.users(
            areAdministrators: areAdministrators,
            caller: call.caller,
            page: page
        )
        return try .list(
            listing.map { UserBody(user: $0, base: call.base) },
            path: "/users",
            call: call,
            fields: call.fields
        )
    }

    @Sendable private func namedUser(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let user = try await useCases.accounts.user(try call.context.segment("username"), for: call.caller)
        return .json(UserBody(user: user, base: call.base), fields: call.fields)
    }
}
