import Hummingbird
import PontoonCore

/// Start, list, inspect, complete and abort uploads.
///
/// Source: docs/api.md#uploads.
struct UploadCalls {
    let support: APISupport
    private var uploads: Uploads { support.services.uploads }

    init(support: APISupport) { self.support = support }

    func add(to routes: Routes) {
        routes.call(.post, "/upload/multipart", initialize)
        routes.call(.get, "/upload/multipart", list)
        routes.call(.get, "/upload/multipart/{upload_id}", details)
        routes.call(.delete, "/upload/multipart/{upload_id}", abort)
        routes.call(.post, "/upload/multipart/{upload_id}/complete", complete)
    }

    @Sendable private func initialize(_ call: APICall) async throws -> Response {
        let body = try await support.bodies.read(call.request, code: .initializeInvalid)
        let upload = try await uploads.initialize(
            try InitializeRequest(body),
            overwrite: call.query.isTrue("overwrite"),
            caller: call.caller
        )
        return try .json(UploadBody(upload, base: call.base))
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        let listing = try await uploads.list(caller: call.caller, page: try call.query.page())
        return try .list(
            Listing(items: listing.items.map { Self.item($0, base: call.base) }, total: listing.total),
            path: "/upload/multipart",
            query: call.query,
            base: call.base,
            defaults: nil
        )
    }

    /// Fewer fields than the details, as the platform has it, and what the upload holds.
    private static func item(_ summary: UploadSummary, base: BaseURL) -> UploadBody {
        var body = UploadBody(summary, base: base)
        body.parallelUploads = nil
        if !summary.upload.parentWasNamed { body.parent = nil }
        return body
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        let id = try call.context.segment("upload_id")
        var body = UploadBody(try await uploads.details(id, caller: call.caller), base: call.base)
        if call.query.isTrue("list_parts") {
            body.parts = try await uploads.reportedParts(of: id, caller: call.caller).map {
                PartReportBody(number: $0.number, etag: $0.etag)
            }
        }
        return try .json(body)
    }

    @Sendable private func complete(_ call: APICall) async throws -> Response {
        let body = try await support.bodies.readObject(call.request, code: .partListInvalid)
        let reports = try body.array("parts").map { try $0.map { value in try PartReport(value) } } ?? []
        let file = try await uploads.complete(
            try call.context.segment("upload_id"),
            reports: reports,
            caller: call.caller
        )
        var answer = FileBody(file, base: call.base)
        let project = try await support.services.projects.details(file.project, caller: call.caller)
        answer.path = "/Projects/\(project.project.uuid)/\(file.name)"
        return try .json(answer, status: .created)
    }

    @Sendable private func abort(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        try await uploads.abort(try call.context.segment("upload_id"), caller: call.caller)
        return Response(status: .noContent)
    }
}
