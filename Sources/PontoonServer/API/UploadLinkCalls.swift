import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import PontoonCore

/// The request handlers for upload links, and for senders who sign in with them.
///
/// Source: docs/api.md#upload-links.
struct UploadLinkCalls {
    /// Path of the links, relative to `/v2`.
    static let root = "/upload_links"

    let links: UploadLinks
    let senders: SenderSessions
    let bodies: JSONBodyReader
    let failures: FailedAuthentications
    /// Whether the last element of `X-Forwarded-For` is trusted, because a proxy adds it.
    let trustsProxy: Bool
    private let lines = LogThrottle()

    init(
        links: UploadLinks,
        senders: SenderSessions,
        bodies: JSONBodyReader,
        failures: FailedAuthentications,
        trustsProxy: Bool
    ) {
        self.links = links
        self.senders = senders
        self.bodies = bodies
        self.failures = failures
        self.trustsProxy = trustsProxy
    }

    func add(to routes: Routes) {
        routes.call(.post, Self.root, create)
        routes.call(.get, Self.root, list)
        routes.call(.get, "\(Self.root)/{link_id}", details)
        routes.call(.patch, "\(Self.root)/{link_id}", update)
        routes.call(.delete, "\(Self.root)/{link_id}", revoke)
        routes.open(.post, "/v2\(Self.root)/session", changes: true, signIn)
        routes.call(.get, "\(Self.root)/session", for: .usersAndSenders, session)
    }

    @Sendable private func create(_ call: APICall) async throws -> Response {
        let value = try await call.readBody(code: .badRequest)
        let body = try RequestObject(value, code: .badRequest)
        let (summary, secret) = try await links.create(
            in: try FileCalls.folder(project: try body.string("project"), parent: try body.string("parent")),
            try UploadLinkChange(value),
            caller: call.caller
        )
        call.note(.init(summary.link))
        let response = UploadLinkBody(summary: summary, base: call.base, now: links.now(), secret: secret)
        return .json(response, status: .created)
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        guard let project = call.query["project"] else {
            throw PontoonError(.badRequest, "The parameter 'project' is missing.")
        }
        guard let id = ProjectID(project) else {
            throw PontoonError(.projectQueryMalformed, "The project '\(project)' must have the form owner/project.")
        }
        let listing = try await links.list(in: id, caller: call.caller, page: try call.query.page())
        let now = links.now()
        return try .list(
            listing.map { UploadLinkBody(summary: $0, base: call.base, now: now) },
            path: Self.root,
            call: call,
            fields: .all
        )
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let summary = try await links.details(try call.context.segment("link_id"), caller: call.caller)
        return .json(UploadLinkBody(summary: summary, base: call.base, now: links.now()))
    }

    @Sendable private func update(_ call: APICall) async throws -> Response {
        let change = try UploadLinkChange(try await call.readBody(code: .badRequest))
        let summary = try await links.update(try call.context.segment("link_id"), change, caller: call.caller)
        call.note(.init(summary.link))
        return .json(UploadLinkBody(summary: summary, base: call.base, now: links.now()))
    }

    @Sendable private func revoke(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        try await links.revoke(try call.context.segment("link_id"), caller: call.caller)
        return Response(status: .noContent)
    }

    @Sendable private func signIn(_ request: Request, _ context: AppContext) async throws -> Response {
        // The reservation needs no caller, because a body of up to 4 KiB is too small to be counted.
        let reservation = bodies.budget.reservation(for: "")
        defer { reservation.end() }
        let value = try await bodies.read(request, limit: .credentials, code: .badRequest, reservation: reservation)
        let body = try RequestObject(value, code: .badRequest)
        guard let secret = request.headers[.uploadLink], !secret.isEmpty else {
            throw PontoonError(.badRequest, "The header 'X-Pontoon-Upload-Link' is missing.")
        }
        let password = try body.string("password").map(Secret.init)
        let address = context.clientAddress(of: request, trustsProxy: trustsProxy)
        let result: SenderSessions.SignInResult
        do {
            result = try await senders.signIn(
                secret: Secret(secret),
                password: password,
                sender: try body.string("sender"),
                address: AppContext.network(ofAddress: address)
            )
        } catch let error as PontoonError where error.code == .uploadLinkNotFound {
            if let refusal = failures.note(request, context) { return refusal }
            throw error
        } catch let error as PontoonError where error.code == .uploadLinkForbidden && password != nil {
            // This may be an attempt to guess a password. A refusal of a request without a password is not logged,
            // because the page sends such a request to find out whether the link requires a password.
            if let suppressed = lines.admit() {
                context.log.notice(
                    "sign-in with an upload link failed",
                    metadata: ["address": "\(address)", "code": "\(error.code)", "suppressed": "\(suppressed)"]
                )
            }
            throw error
        }
        var response: Response
        switch result {
        case .signedIn(let signedIn):
            context.record.note(
                AuditEntry.Object(
                    id: signedIn.session.link.id,
                    target: signedIn.session.id,
                    name: signedIn.session.sender,
                    project: signedIn.session.link.project.description
                )
            )
            let body = SenderSessionBody(session: signedIn.session, usage: signedIn.usage, token: signedIn.token)
            response = .json(body, status: .created)
        case .retry(let pause):
            context.record.note(refusal: .rateLimited)
            response = .refusal(PontoonError(.rateLimited, "Too many attempts with this upload link; try again later."))
            response.headers[.retryAfter] = String(pause.components.seconds)
        }
        response.headers[.cacheControl] = "no-store"
        return response
    }

    @Sendable private func session(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        guard let session = call.session else {
            throw PontoonError(.notAuthenticated, "This call needs the token of a sender.")
        }
        return .json(SenderSessionBody(session: session, usage: try await senders.usage(of: session)))
    }
}
