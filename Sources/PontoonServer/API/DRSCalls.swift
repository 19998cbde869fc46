import Hummingbird
import HummingbirdCore
import PontoonCore

/// The request handlers for GA4GH's Data Repository Service, version 1.5: files are its objects, and folders its
/// bundles.
///
/// Source: docs/drs.md.
struct DRSCalls {
    /// The path below which DRS is served.
    static let root = "/ga4gh/drs/v1"
    /// The id of the only access method, which every file has.
    static let accessID = "https"

    let objects: DataObjects
    let bodies: JSONBodyReader

    func add(to routes: Routes) {
        routes.open(.get, "\(Self.root)/service-info", serviceInfo)
        routes.call(.get, "/objects/{file_id}", under: Self.root, object)
        routes.call(.get, "/objects/{file_id}/access/{access_id}", under: Self.root, access)
    }

    @Sendable private func serviceInfo(_ request: Request, _ context: AppContext) async throws -> Response {
        try await bodies.discard(request)
        return .json(DRSServiceInfo(base: try context.requireBase()))
    }

    @Sendable private func object(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let object = try await objects.object(try call.context.segment("file_id"), caller: call.caller)
        return .json(DRSObjectBody(object: object, expands: call.query.isTrue("expand"), base: call.base))
    }

    @Sendable private func access(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let (file, request) = try await objects.request(
            try call.context.segment("file_id"),
            caller: call.caller,
            base: call.base
        )
        guard try call.context.segment("access_id") == Self.accessID else {
            throw PontoonError(.fileNotFound, "The access method does not exist; use '\(Self.accessID)'.")
        }
        call.note(AuditEntry.Object(file))
        return .json(["url": request.url])
    }
}
