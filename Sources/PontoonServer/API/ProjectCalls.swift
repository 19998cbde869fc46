import Foundation
import HTTPTypes
import Hummingbird
import PontoonCore

/// The request handlers for projects.
///
/// Source: docs/api.md#projects.
struct ProjectCalls {
    let projects: Projects
    let usage: UsageReports
    let files: FileCalls

    func add(to routes: Routes) {
        routes.call(.get, "/projects") { call in try await list(call, owner: nil) }
        routes.call(.post, "/projects", create)
        routes.call(.get, "/projects/{owner}") { call in
            let owner = try call.context.segment("owner")
            // A name with a slash is the id of a project whose slash is percent-encoded.
            guard !owner.containsSlash else { throw PontoonError.projectIDMalformed }
            return try await list(call, owner: owner)
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
        try await call.discardBody()
        let page = try call.query.page()
        let fields = call.fields(defaults: ProjectBody.listFields)
        let tags = Set(
            (call.query.all("tags") + call.query.all("tag")).flatMap { $0.split(separator: ",").map(String.init) }
        )
        guard tags.count <= 100 else {
            throw PontoonError(.badRequest, "A list can be filtered by at most 100 tags.")
        }
        try FieldRules.check("name", name: call.query["name"])
        for tag in tags { try FieldRules.check(filter: "tag", tag, maximumBytes: FieldRules.maximumTagBytes) }
        let isPrivate = call.query["category"].map { $0.uppercased() == ProjectBody.category } ?? true
        let listing =
            isPrivate
            ? try await projects.list(
                matching: ProjectFilter(owner: owner, name: call.query["name"], tags: tags.sorted()),
                caller: call.caller,
                page: page
            ) : Listing(items: [], total: 0)
        return try .list(
            listing.map { ProjectBody($0, base: call.base) },
            path: owner.map { "/projects/\(PercentEncoding.component($0))" } ?? "/projects",
            call: call,
            fields: fields
        )
    }

    @Sendable private func create(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(.text, code: .badRequest)
        let project = try await projects.create(
            name: try body.string("name"),
            try Self.change(body),
            caller: call.caller
        )
        call.note(AuditEntry.Object(id: project.project.id.description, name: project.project.name))
        return await response(project, call, status: .created)
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let project = try await projects.details(try call.context.projectID(), caller: call.caller)
        let usage = try await usage(of: project, call)
        return .json(ProjectBody(project, usage: usage, base: call.base), fields: call.fields)
    }

    @Sendable private func update(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(.text, code: .badRequest)
        let project = try await projects.update(
            try call.context.projectID(),
            try Self.change(body),
            caller: call.caller
        )
        return await response(project, call)
    }

    @Sendable private func delete(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let id = try call.context.projectID()
        let revoked = try await projects.delete(id, caller: call.caller)
        call.note(AuditEntry.Object(id: id.description))
        for token in revoked { call.note(token.auditObject) }
        return Response(status: .noContent)
    }

    private static func change(_ body: RequestObject) throws -> ProjectChange {
        var change = ProjectChange()
        change.name = try body.string("name")
        change.description = try body.string("description")
        change.tags = try body.tags()
        if let billingGroup = try body.string("billing_group") {
            guard UUID(uuidString: billingGroup) != nil else {
                throw PontoonError(.badRequest, "The field 'billing_group' must be a UUID.")
            }
            change.billingGroup = billingGroup
        }
        guard try (body.string("category") ?? ProjectBody.category).uppercased() == ProjectBody.category else {
            throw PontoonError(.badRequest, "The field 'category' must be 'PRIVATE': Pontoon has no public projects.")
        }
        if let settings = try body.object("settings") {
            switch settings["locked"] {
            case nil, .null, .bool: break
            default: throw PontoonError(.badRequest, "The setting 'locked' must be true or false.")
            }
            change.settings = JSONValue.object(settings).text
        }
        return change
    }

    /// Returns the response to a committed change.
    ///
    /// If the usage cannot be read, the response omits it instead of reporting an error, because the change has
    /// succeeded.
    private func response(
        _ project: AccessibleProject,
        _ call: APICall,
        status: HTTPResponse.Status = .ok
    ) async -> Response {
        let usage = try? await usage(of: project, call)
        return .json(ProjectBody(project, usage: usage, base: call.base), fields: call.fields, status: status)
    }

    /// Returns the usage of a project; `nil` if the requested fields omit it or the project was deleted in the
    /// meantime.
    private func usage(of project: AccessibleProject, _ call: APICall) async throws -> UsageReport? {
        if call.fields.choice("usage") == .omitted { return nil }
        return try await usage.project(project.project.id)
    }
}
