import Hummingbird
import PontoonCore

/// Start, list, inspect, complete and abort uploads.
///
/// Source: docs/api.md#uploads.
struct UploadCalls {
    /// Path of the uploads that become files.
    static let root = "/upload/multipart"

    let support: APISupport
    /// Path of the uploads below `/v2`.
    let root: String
    let uploads: Uploads

    func add(to routes: Routes) {
        routes.call(.post, root, initialize)
        routes.call(.get, root, list)
        routes.call(.post, "\(root)/{upload_id}/complete", complete)
        addShared(to: routes)
    }

    /// Adds the calls that are the same for uploads of code packages.
    func addShared(to routes: Routes) {
        routes.call(.get, "\(root)/{upload_id}", details)
        routes.call(.delete, "\(root)/{upload_id}", abort)
    }

    @Sendable private func initialize(_ call: APICall) async throws -> Response {
        let body = try await support.bodies.read(call.request, code: .initializeInvalid)
        let request = try InitializeRequest(body)
        let upload = try await uploads.initialize(
            request.content,
            in: request.folder,
            overwrite: call.query.isTrue("overwrite"),
            caller: call.caller
        )
        return try .json(try await uploads.started(upload, showing: request.partInfos, to: call))
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        let listing = try await uploads.list(caller: call.caller, page: try call.query.page())
        return try .list(
            Listing(items: listing.items.map { Self.item($0, base: call.base) }, total: listing.total),
            path: root,
            query: call.query,
            base: call.base,
            defaults: nil
        )
    }

    /// Fewer fields than the details, as the platform has it, and what the upload holds.
    private static func item(_ summary: UploadSummary, base: BaseURL) -> UploadBody {
        var body = UploadBody(summary, base: base)
        body.parallelUploads = nil
        if case .folder(_, _, wasGivenByFolder: false) = summary.upload.destination { body.parent = nil }
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
        let reports = try await support.reports(call)
        let file = try await uploads.complete(
            try call.context.segment("upload_id"),
            reports: reports,
            caller: call.caller
        )
        var answer = FileBody(file, base: call.base)
        let project = try await support.services.projects.details(file.project, caller: call.caller, reading: .cached)
        answer.path = "/Projects/\(project.project.uuid)/\(file.name)"
        return try .json(answer, status: .created)
    }

    @Sendable private func abort(_ call: APICall) async throws -> Response {
        try await support.bodies.drop(call.request)
        try await uploads.abort(try call.context.segment("upload_id"), caller: call.caller)
        return Response(status: .noContent)
    }
}

extension APISupport {
    /// The part reports in the body of complete; there need not be any.
    ///
    /// - Throws: `.partListInvalid`, and what ``PartReport`` throws.
    func reports(_ call: APICall) async throws -> [PartReport] {
        let body = try await bodies.readObject(call.request, code: .partListInvalid)
        return try body.array("parts")?.map { value in try PartReport(value) } ?? []
    }
}

extension Uploads {
    /// What initialize answers.
    ///
    /// - Parameters:
    ///   - upload: Just started.
    ///   - batch: The part infos that were asked for; `nil` leaves them out.
    ///   - call: Who asked, and where the caller reaches this server.
    /// - Returns: The body.
    /// - Throws: When the object store cannot say where parts go.
    func started(_ upload: Upload, showing batch: PartBatch?, to call: APICall) async throws -> UploadBody {
        var body = UploadBody(upload, base: call.base)
        if let batch {
            body.partInfos = try await partInfos(batch, of: upload, base: call.base).map {
                PartInfoBody($0.request, of: $0.number)
            }
        }
        return body
    }
}
