import Foundation
import Hummingbird
import PontoonCore

/// Projects.
///
/// Source: docs/api.md#projects.
struct ProjectCalls {
    let support: APISupport
    let files: FileCalls
    private var projects: Projects { support.services.projects }

    func add(to routes: Routes) {
        routes.call(.get, "/projects") { call in try await list(call, owner: nil) }
        routes.call(.post, "/projects", create)
        routes.call(.get, "/projects/{owner}") { call in
            try await list(call, owner: try call.context.segment("owner"))
        }
        routes.call(.get, "/projects/{owner}/{project}", details)
        routes.call(.patch, "/projects/{owner}/{project}", update)
        routes.call(.put, "/projects/{owner}/{project}", update)
        routes.call(.delete, "/projects/{owner}/{project}", delete)
        routes.call(.get, "/projects/{owner}/{project}/files") { call in
            let id = try call.context.projectID()
            return try await files.list(call, in: .project(id), path: "/projects/\(id)/files")
        }
    }

    @Sendable private func list(_ call: APICall, owner: String?) async throws -> Response {
        try await support.bodies.drop(call.request)
        let page = try call.query.page()
        let tags = Set(
            (call.query.all("tags") + call.query.all("tag")).flatMap { $0.split(separator: ",").map(String.init) }
        )
        guard tags.count <= 100 else {
            throw PontoonError(.badRequest, "A list can be filtered by at most 100 tags.")
        }
        let isPrivate = call.query["category"].map { $0.uppercased() == "PRIVATE" } ?? true
        let listing =
            isPrivate
            ? try await projects.list(
                matching: ProjectFilter(owner: owner, name: call.query["name"], tags: tags.sorted()),
                caller: call.caller,
                page: page
            ) : Listing(items: [], total: 0)
        return try .list(
            Listing(items: try listing.items.map { try Self.body($0, call) }, total: listing.total),
            path: owner.map { "/projects/\(Query.encode($0))" } ?? "/projects",
            query: call.query,
            base: call.base,
            defaults: ProjectBody.listFields
        )
    }

    @Sendable private func create(_ call: APICall) async throws -> Response {
        let body = try await support.bodies.readObject(call.request, code: .badRequest)
        let project = try await projects.create(
            name: try body.string("name"),
            try Self.change(body),
            caller: call.caller
        )
        return try .json(try Self.body(project, call), fields: call.query.fields, status: .created)
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        let project = try await projects.details(try call.context.projectID(), caller: call.caller)
        return try .json(try Self.body(project, call), fields: call.query.fields)
    }

    @Sendable private func update(_ call: APICall) async throws -> Response {
        let body = try await support.bodies.readObject(call.request, code: .badRequest)
        let project = try await projects.update(
            try call.context.projectID(),
            try Self.change(body),
            caller: call.caller
        )
        return try .json(try Self.body(project, call), fields: call.query.fields)
    }

    @Sendable private func delete(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        try await projects.delete(try call.context.projectID(), caller: call.caller)
        return Response(status: .noContent)
    }

    private static func change(_ body: RequestObject) throws -> ProjectChange {
        var change = ProjectChange()
        change.name = try body.string("name")
        change.description = try body.string("description")
        change.tags = try body.strings("tags")
        if let billingGroup = try body.string("billing_group") {
            guard UUID(uuidString: billingGroup) != nil else {
                throw PontoonError(.badRequest, "The field 'billing_group' must be a UUID.")
            }
            change.billingGroup = billingGroup
        }
        if let settings = try body.object("settings") {
            change.settings = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
        }
        return change
    }

    private static func body(_ project: AccessibleProject, _ call: APICall) throws -> ProjectBody {
        let settings = try JSONDecoder().decode(JSONValue.self, from: Data(project.project.settings.utf8))
        return ProjectBody(project, settings: settings, base: call.base)
    }
}
