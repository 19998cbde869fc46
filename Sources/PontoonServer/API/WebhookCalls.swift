import HTTPTypes
import Hummingbird
import HummingbirdCore
import PontoonCore

/// The request handlers for the webhooks of projects, the extension `webhooks`.
///
/// Source: docs/api.md#webhooks.
struct WebhookCalls {
    /// Path of the webhooks, relative to `/v2`.
    static let root = "/webhooks"

    let webhooks: Webhooks
    /// The limit on tests, each of which waits for the response of a receiver.
    private let limiter = PlaceLimiter(
        maximum: 32,
        maximumPerUser: 2,
        refusal: PontoonError(.unavailable, "Too many webhooks are being tested; try again later.")
    )

    init(webhooks: Webhooks) { self.webhooks = webhooks }

    func add(to routes: Routes) {
        let webhook = "\(Self.root)/{webhook_id}"
        routes.call(.post, Self.root, create)
        routes.call(.get, Self.root, list)
        routes.call(.get, webhook, details)
        routes.call(.patch, webhook, update)
        routes.call(.delete, webhook, delete)
        routes.call(.get, "\(webhook)/deliveries", deliveries)
        routes.call(.post, "\(webhook)/actions/enable") { try await change($0, .enabling) }
        routes.call(.post, "\(webhook)/actions/disable") { try await change($0, .disabling) }
        routes.call(.post, "\(webhook)/actions/replay", replay)
        routes.call(.post, "\(webhook)/actions/redeliver", redeliver)
        routes.call(.post, "\(webhook)/actions/rotate-secret", rotateSecret)
        routes.call(.post, "\(webhook)/actions/test", test)
    }

    @Sendable private func create(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(code: .badRequest)
        guard let text = try body.string("project") else {
            throw PontoonError(.badRequest, "The field 'project' is missing.")
        }
        guard let project = ProjectID(text) else { throw Self.projectMalformed }
        let webhook = try await webhooks.create(in: project, try WebhookChange(body), caller: call.caller)
        call.note(.init(webhook))
        return Self.response(webhook, call, secret: webhook.secrets.current, status: .created)
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        guard let text = call.query["project"] else {
            throw PontoonError(.badRequest, "The parameter 'project' is missing.")
        }
        guard let project = ProjectID(text) else { throw Self.projectMalformed }
        let listing = try await webhooks.list(in: project, caller: call.caller, page: try call.query.page())
        return try .list(
            listing.map { WebhookBody(webhook: $0, base: call.base) },
            path: Self.root,
            call: call,
            fields: .all
        )
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        return Self.response(try await webhooks.details(try id(call), caller: call.caller), call)
    }

    @Sendable private func update(_ call: APICall) async throws -> Response {
        let change = try WebhookChange(try await call.readObject(code: .badRequest))
        guard change.secret == nil else {
            throw PontoonError(.badRequest, "To change the secret, call the action 'rotate-secret'.")
        }
        return try await apply(call, change)
    }

    @Sendable private func delete(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        try await webhooks.delete(try id(call), caller: call.caller)
        return Response(status: .noContent)
    }

    @Sendable private func deliveries(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let id = try id(call)
        let listing = try await webhooks.deliveries(id, caller: call.caller, page: try call.query.page())
        return try .list(
            listing.map { WebhookDeliveryBody(delivery: $0) },
            path: "\(Self.root)/\(id)/deliveries",
            call: call,
            fields: .all
        )
    }

    private func change(_ call: APICall, _ change: WebhookChange) async throws -> Response {
        try await call.discardBody()
        return try await apply(call, change)
    }

    @Sendable private func replay(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(code: .badRequest)
        guard let cursor = try body.string("after").flatMap({ EventCursor($0) }) else {
            throw PontoonError(.badRequest, "The field 'after' must be the cursor of an event or of a list of events.")
        }
        var change = WebhookChange()
        change.cursor = cursor
        return try await apply(call, change)
    }

    @Sendable private func redeliver(_ call: APICall) async throws -> Response {
        guard let event = try await call.readObject(code: .badRequest).string("event") else {
            throw PontoonError(.badRequest, "The field 'event' is missing.")
        }
        try await webhooks.redeliver(event, try id(call), caller: call.caller)
        return Response(status: .noContent)
    }

    @Sendable private func rotateSecret(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(code: .badRequest)
        var change = WebhookChange()
        change.secret = try body.string("secret").map(Secret.init) ?? WebhookSecrets.random()
        let webhook = try await webhooks.update(try id(call), change, caller: call.caller)
        call.note(.init(webhook))
        return Self.response(webhook, call, secret: webhook.secrets.current)
    }

    @Sendable private func test(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let place = try limiter.admit(call.caller.name)
        let attempt = try await webhooks.test(try id(call), caller: call.caller)
        withExtendedLifetime(place) {}
        return .json(WebhookAttemptBody(attempt: attempt))
    }

    private func apply(_ call: APICall, _ change: WebhookChange) async throws -> Response {
        let webhook = try await webhooks.update(try id(call), change, caller: call.caller)
        call.note(.init(webhook))
        return Self.response(webhook, call)
    }

    private func id(_ call: APICall) throws -> String { try call.context.segment("webhook_id") }

    private static let projectMalformed = PontoonError(
        .projectQueryMalformed,
        "The project must have the form owner/project."
    )

    private static func response(
        _ webhook: Webhook,
        _ call: APICall,
        secret: Secret? = nil,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var response = Response.json(WebhookBody(webhook: webhook, base: call.base, secret: secret), status: status)
        if secret != nil { response.headers[.cacheControl] = "no-store" }
        return response
    }
}

extension WebhookChange {
    fileprivate static var enabling: WebhookChange { changing(.active) }
    fileprivate static var disabling: WebhookChange { changing(.disabled) }

    private static func changing(_ state: Webhook.State) -> WebhookChange {
        var change = WebhookChange()
        change.state = state
        return change
    }

    /// Reads the fields `url`, `types` and `secret`.
    ///
    /// An empty array of types selects all types.
    ///
    /// - Throws: `.badRequest` if a field has the wrong type, the URL is not valid, or a type does not exist.
    fileprivate init(_ body: RequestObject) throws(PontoonError) {
        self.init()
        if let url = try body.string("url") { target = try WebhookURL(url) }
        secret = try body.string("secret").map(Secret.init)
        if let names = try body.strings("types") {
            types = .some(names.isEmpty ? nil : try EventType.types(named: names, in: "field"))
        }
    }
}
