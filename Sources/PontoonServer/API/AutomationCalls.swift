import Hummingbird
import PontoonCore

/// Automations, their code packages, and uploads of these.
///
/// Source: docs/api.md#code-packages.
struct AutomationCalls {
    let support: APISupport
    private let uploads: Uploads
    private var automations: Automations { support.services.automations }
    private static let uploadRoot = "/automation/upload"

    init(support: APISupport) {
        self.support = support
        uploads = support.services.uploads.ofCodePackages
    }

    func add(to routes: Routes) {
        routes.call(.post, "/automation/automations", create)
        routes.call(.get, "/automation/automations/{automation_id}", details)
        routes.call(.post, "/automation/automations/{automation_id}/packages", addPackage)
        routes.call(.get, "/automation/packages/{package_id}", package)
        routes.call(.post, Self.uploadRoot, initialize)
        routes.call(.post, "\(Self.uploadRoot)/{upload_id}/complete", complete)
        UploadCalls(support: support, root: Self.uploadRoot, uploads: uploads).addShared(to: routes)
        PartCalls(support: support, root: Self.uploadRoot, uploads: uploads).add(to: routes)
    }

    @Sendable private func create(_ call: APICall) async throws -> Response {
        let body = try await support.bodies.readObject(call.request, code: .badRequest)
        let automation = try await automations.create(
            name: try body.string("name"),
            description: try body.string("description"),
            caller: call.caller
        )
        return try .json(AutomationBody(automation, base: call.base), fields: call.query.fields, status: .created)
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        let automation = try await automations.details(try call.context.segment("automation_id"), caller: call.caller)
        return try .json(AutomationBody(automation, base: call.base), fields: call.query.fields)
    }

    @Sendable private func addPackage(_ call: APICall) async throws -> Response {
        let body = try await support.bodies.read(call.request, code: .badRequest)
        let package = try await automations.addPackage(
            try NewCodePackage(body),
            to: try call.context.segment("automation_id"),
            caller: call.caller
        )
        return try .json(try CodePackageBody(package), fields: call.query.fields, status: .created)
    }

    @Sendable private func package(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        let package = try await automations.package(try call.context.segment("package_id"), caller: call.caller)
        return try .json(try CodePackageBody(package), fields: call.query.fields)
    }

    @Sendable private func initialize(_ call: APICall) async throws -> Response {
        let body = try await support.bodies.read(call.request, code: .initializeInvalid)
        let request = try InitializePackageRequest(body)
        let upload = try await uploads.initialize(
            request.content,
            automation: request.automation,
            caller: call.caller
        )
        return try .json(try await uploads.started(upload, showing: request.partInfos, to: call))
    }

    @Sendable private func complete(_ call: APICall) async throws -> Response {
        let reports = try await support.reports(call)
        let file = try await uploads.completePackage(
            try call.context.segment("upload_id"),
            reports: reports,
            caller: call.caller
        )
        return try .json(PackageFileBody(file), status: .created)
    }
}
