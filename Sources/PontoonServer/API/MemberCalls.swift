import Hummingbird
import PontoonCore

/// The request handlers for members of projects and their permissions.
///
/// Source: docs/api.md#members.
struct MemberCalls {
    let projects: Projects

    func add(to routes: Routes) {
        let members = "/projects/{owner}/{project}/members"
        routes.call(.get, members, list)
        routes.call(.post, members, create)
        routes.call(.get, "\(members)/{username}", details)
        routes.call(.delete, "\(members)/{username}", delete)
        routes.call(.get, "\(members)/{username}/permissions", permissions)
        routes.call(.patch, "\(members)/{username}/permissions", merge)
        routes.call(.put, "\(members)/{username}/permissions", replace)
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let id = try call.context.projectID()
        let listing = try await projects.members(of: id, caller: call.caller, page: try call.query.page())
        return try .list(
            listing.map { MemberBody(member: $0, project: id, base: call.base) },
            path: "/projects/\(id)/members",
            call: call,
            fields: call.fields
        )
    }

    @Sendable private func create(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(code: .badRequest)
        let id = try call.context.projectID()
        let member = try await projects.addMember(try NewMember(body), to: id, caller: call.caller)
        call.note(.init(member: member.userName, of: id))
        return .json(
            MemberBody(member: member, project: id, base: call.base),
            fields: call.fields,
            status: .created
        )
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        let (id, member) = try await member(call)
        return .json(MemberBody(member: member, project: id, base: call.base), fields: call.fields)
    }

    @Sendable private func permissions(_ call: APICall) async throws -> Response {
        let (_, member) = try await member(call)
        return try permissionsResponse(member.permissions, call)
    }

    private func member(_ call: APICall) async throws -> (ProjectID, Member) {
        try await call.discardBody()
        let id = try call.context.projectID()
        return (id, try await projects.member(try call.context.segment("username"), of: id, caller: call.caller))
    }

    @Sendable private func delete(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        try await projects.removeMember(
            try call.context.segment("username"),
            from: try call.context.projectID(),
            caller: call.caller
        )
        return Response(status: .noContent)
    }

    @Sendable private func merge(_ call: APICall) async throws -> Response {
        let change = try await change(call)
        guard !change.isEmpty else {
            throw PontoonError(.permissionsMissing, "At least one of \(Self.rights) must be given.")
        }
        return try await apply(change, call)
    }

    @Sendable private func replace(_ call: APICall) async throws -> Response {
        let change = try await change(call)
        guard change.count == Permission.allCases.count else {
            throw PontoonError(.permissionsIncomplete, "All of \(Self.rights) must be given.")
        }
        return try await apply(change, call)
    }

    private func change(_ call: APICall) async throws -> PermissionsChange {
        try PermissionsChange(fields: try await call.readObject(code: .badRequest).fields)
    }

    private func apply(_ change: PermissionsChange, _ call: APICall) async throws -> Response {
        let permissions = try await projects.changePermissions(
            of: try call.context.segment("username"),
            in: try call.context.projectID(),
            change,
            caller: call.caller
        )
        return try permissionsResponse(permissions, call)
    }

    private func permissionsResponse(_ permissions: Permissions, _ call: APICall) throws -> Response {
        let body = MemberPermissionsBody(
            member: Member(userName: try call.context.segment("username"), permissions: permissions),
            project: try call.context.projectID(),
            base: call.base
        )
        return .json(body, fields: call.fields)
    }

    private static let rights = Permission.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
}
