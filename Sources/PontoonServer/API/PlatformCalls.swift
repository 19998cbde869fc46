import Hummingbird
import PontoonCore

/// The request handlers for features of the platform that Pontoon does not have, but that clients request: billing
/// groups, the lists of tasks and apps, file search in a query language, and other bulk calls.
///
/// Source: docs/api.md#billing-groups-tasks-and-apps.
struct PlatformCalls {
    func add(to routes: Routes) {
        routes.call(.get, "/billing/groups", groups)
        routes.call(.get, "/billing/groups/{group_id}", group)
        routes.call(.post, "/files/search", changes: false, search)
        routes.call(.post, "/bulk/files/{action}", changes: false, bulkAction)
        for path in ["/tasks", "/apps"] {
            routes.call(.get, path) { call in try await emptyList(call, path: path) }
        }
    }

    @Sendable private func search(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        throw PontoonError(.notImplemented, "Pontoon has no query language; filter the list 'GET /v2/files' instead.")
    }

    @Sendable private func bulkAction(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        _ = try segment("action", call)
        throw PontoonError(.notImplemented, "Pontoon serves only the bulk calls get, delete, update and edit.")
    }

    /// Returns a path segment.
    ///
    /// - Throws: `.badRequest` if it contains U+0000, as in calls that look up a segment in the store; the errors of
    ///   ``AppContext/segment(_:)``.
    private func segment(_ name: String, _ call: APICall) throws -> String {
        let text = try call.context.segment(name)
        guard !text.utf8.contains(0) else {
            throw PontoonError(.badRequest, "A path must not contain the character U+0000.")
        }
        return text
    }

    @Sendable private func groups(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let page = try call.query.page()
        let group = BillingGroupBody(userName: call.caller.name, base: call.base)
        return try .list(
            Listing(items: page.offset == 0 ? [group] : [], total: 1),
            path: "/billing/groups",
            call: call,
            fields: call.fields
        )
    }

    @Sendable private func group(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        guard try segment("group_id", call).lowercased() == BillingGroup.id(of: call.caller.name) else {
            throw PontoonError(.billingGroupNotFound, "You have no billing group with this id.")
        }
        return .json(BillingGroupBody(userName: call.caller.name, base: call.base), fields: call.fields)
    }

    private func emptyList(_ call: APICall, path: String) async throws -> Response {
        try await call.discardBody()
        return try .list(Listing<JSONValue>(items: [], total: 0), path: path, call: call, fields: call.fields)
    }
}
