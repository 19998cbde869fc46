import Hummingbird
import PontoonCore

/// The request handlers for automations, their code packages, and uploads of code packages.
///
/// Source: docs/api.md#code-packages.
struct AutomationCalls {
    /// Path of code package uploads, relative to `/v2`.
    static let uploadRoot = "/automation/upload"

    /// Path of the automations, relative to `/v2`.
    private static let root = "/automation/automations"

    let automations: Automations
    /// The use cases of code package uploads.
    let uploads: Uploads

    func add(to routes: Routes) {
        routes.call(.get, Self.root, list)
        routes.call(.post, Self.root, create)
        routes.call(.get, "\(Self.root)/{automation_id}", details)
        routes.call(.patch, "\(Self.root)/{automation_id}", update)
        routes.call(.get, "\(Self.root)/{automation_id}/packages", listPackages)
        routes.call(.post, "\(Self.root)/{automation_id}/packages", addPackage)
        routes.call(.get, "/automation/packages/{package_id}", package)
        routes.call(.patch, "/automation/packages/{package_id}", updatePackage)
        for (action, isArchived) in [("archive", true), ("restore", false)] {
            let automation = "\(Self.root)/{automation_id}"
            routes.call(.post, "\(automation)/actions/\(action)") { call in
                try await setArchived(isArchived, call)
            }
            routes.call(.post, "\(automation)/packages/{package_id}/actions/\(action)") { call in
                try await setPackageArchived(isArchived, call)
            }
        }
        routes.call(.post, Self.uploadRoot, initialize)
        routes.call(.post, "\(Self.uploadRoot)/{upload_id}/complete", complete)
        UploadCalls(root: Self.uploadRoot, uploads: uploads, audience: .users).addShared(to: routes)
        PartCalls(root: Self.uploadRoot, uploads: uploads, audience: .users).add(to: routes)
    }

    @Sendable private func create(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(.text, code: .badRequest)
        let automation = try await automations.create(
            name: try body.string("name"),
            description: try body.string("description"),
            caller: call.caller
        )
        call.note(AuditEntry.Object(id: automation.id, name: automation.name))
        return .json(AutomationBody(automation: automation, base: call.base), fields: call.fields, status: .created)
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let automation = try await automations.details(try call.context.segment("automation_id"), caller: call.caller)
        return .json(AutomationBody(automation: automation, base: call.base), fields: call.fields)
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let listing = try await automations.list(
            matching: AutomationFilter(
                name: call.query["name"],
                includesArchived: call.query.isTrue("include_archived")
            ),
            caller: call.caller,
            page: try call.query.page()
        )
        return try .list(
            listing.map { AutomationBody(automation: $0, base: call.base) },
            path: Self.root,
            call: call,
            fields: call.fields
        )
    }

    @Sendable private func update(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(.text, code: .badRequest)
        let change = AutomationChange(name: try body.string("name"), description: try body.string("description"))
        return try await response(to: change, call)
    }

    private func setArchived(_ isArchived: Bool, _ call: APICall) async throws -> Response {
        try await call.discardBody()
        return try await response(to: AutomationChange(isArchived: isArchived), call)
    }

    private func response(to change: AutomationChange, _ call: APICall) async throws -> Response {
        let id = try call.context.segment("automation_id")
        let automation = try await automations.update(id, change, caller: call.caller)
        call.note(AuditEntry.Object(id: automation.id, name: automation.name))
        return .json(AutomationBody(automation: automation, base: call.base), fields: call.fields)
    }

    @Sendable private func updatePackage(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(.text, code: .badRequest)
        let change = CodePackageChange(memoryLimit: try body.integer("memory_limit"))
        return try await response(to: change, of: nil, call)
    }

    private func setPackageArchived(_ isArchived: Bool, _ call: APICall) async throws -> Response {
        try await call.discardBody()
        let automation = try call.context.segment("automation_id")
        return try await response(to: CodePackageChange(isArchived: isArchived), of: automation, call)
    }

    private func response(
        to change: CodePackageChange,
        of automation: String?,
        _ call: APICall
    ) async throws -> Response {
        let id = try call.context.segment("package_id")
        let package = try await automations.updatePackage(id, of: automation, change, caller: call.caller)
        call.note(AuditEntry.Object(id: package.id, target: package.automation, name: package.version))
        return .json(CodePackageBody(package: package), fields: call.fields)
    }

    @Sendable private func listPackages(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let id = try call.context.segment("automation_id")
        let listing = try await automations.packages(of: id, caller: call.caller, page: try call.query.page())
        return try .list(
            listing.map { CodePackageBody(package: $0) },
            path: "\(Self.root)/\(PercentEncoding.component(id))/packages",
            call: call,
            fields: call.fields
        )
    }

    @Sendable private func addPackage(_ call: APICall) async throws -> Response {
        let body = try await call.readBody(.text, code: .badRequest)
        let package = try await automations.addPackage(
            try NewCodePackage(body),
            to: try call.context.segment("automation_id"),
            caller: call.caller
        )
        call.note(AuditEntry.Object(id: package.id, target: package.automation, name: package.version))
        return .json(CodePackageBody(package: package), fields: call.fields, status: .created)
    }

    @Sendable private func package(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let package = try await automations.package(try call.context.segment("package_id"), caller: call.caller)
        return .json(CodePackageBody(package: package), fields: call.fields)
    }

    @Sendable private func initialize(_ call: APICall) async throws -> Response {
        let body = try await call.readBody(code: .initializeInvalid)
        let request = try InitializePackageRequest(body)
        let upload = try await uploads.initialize(
            request.content,
            automation: request.automation,
            caller: call.caller
        )
        call.note(.init(upload))
        return .json(try await uploads.body(of: upload, partInfos: request.partInfos, base: call.base))
    }

    @Sendable private func complete(_ call: APICall) async throws -> Response {
        let reports = try await call.readReports()
        let id = try call.context.segment("upload_id")
        let file = try await uploads.completePackage(id, reports: reports, caller: call.caller)
        call.note(AuditEntry.Object(id: id, target: file.id, name: file.name, bytes: file.content.size))
        return .json(PackageFileBody(file: file), status: .created)
    }
}
