import Hummingbird
import PontoonCore

/// The request handlers for initializing, listing, inspecting, completing and aborting uploads.
///
/// Source: docs/api.md#uploads.
struct UploadCalls {
    /// Path of file uploads, relative to `/v2`.
    static let root = "/upload/multipart"

    /// Path of these uploads, relative to `/v2`.
    let root: String
    let uploads: Uploads
    /// The callers who may make the calls.
    let audience: CallAudience

    func add(to routes: Routes, projects: Projects) {
        routes.call(.post, root, for: audience, initialize)
        routes.call(.post, "\(root)/{upload_id}/complete", for: audience) { call in try await complete(call, projects) }
        addShared(to: routes)
    }

    /// Adds the calls that are the same for file uploads and code package uploads.
    func addShared(to routes: Routes) {
        routes.call(.get, root, for: audience, list)
        routes.call(.get, "\(root)/{upload_id}", for: audience, details)
        routes.call(.delete, "\(root)/{upload_id}", for: audience, abort)
    }

    @Sendable private func initialize(_ call: APICall) async throws -> Response {
        let body = try await call.readBody(.text, code: .initializeInvalid)
        if let session = call.session { return try await initialize(body, call, session) }
        let request = try InitializeRequest(body)
        let rule = try Self.rule(call.query)
        let (content, folder) = (request.content, request.folder)
        if rule == .skip,
            let file = try await uploads.existingFile(content.name, in: folder, caller: call.caller)
        {
            call.note(AuditEntry.Object(file))
            return .json(["existing_file": FileBody(file: file, base: call.base)])
        }
        let upload = try await uploads.initialize(content, in: folder, rule: rule, caller: call.caller)
        call.note(.init(upload))
        var response = try await uploads.body(of: upload, partInfos: request.partInfos, base: call.base)
        response.labels = request.content.labels
        return .json(response)
    }

    /// Initializes an upload by a sender.
    private func initialize(_ body: JSONValue, _ call: APICall, _ session: SenderSession) async throws -> Response {
        guard try Self.rule(call.query) == .fail else {
            throw PontoonError(.destinationForbidden, "An upload through a link must have the conflict rule 'fail'.")
        }
        let request = try InitializeSenderRequest(body)
        let upload = try await uploads.initialize(request.content, path: request.path, session: session)
        call.note(.init(upload))
        var response = try await uploads.body(of: upload, partInfos: request.partInfos, base: call.base)
        response.labels = session.labels(of: request.content.labels)
        return .json(response, fields: call.uploadFields)
    }

    /// Reads the conflict rule from `on_conflict`, or else from `overwrite`.
    ///
    /// - Throws: `.initializeInvalid` if `on_conflict` is not a conflict rule, or contradicts `overwrite`.
    private static func rule(_ query: Query) throws(PontoonError) -> NameConflictRule {
        let overwrites = query.isTrue("overwrite")
        guard let text = query["on_conflict"] else { return overwrites ? .overwrite : .fail }
        let rule = try FilePut.rule(text)
        guard query["overwrite"] == nil || overwrites == (rule == .overwrite) else {
            throw PontoonError(
                .initializeInvalid,
                "The parameters 'overwrite' and 'on_conflict' contradict each other."
            )
        }
        return rule
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let listing = try await call.scoped(uploads).list(caller: call.caller, page: try call.query.page())
        return try .list(
            listing.map { summary in
                var item = UploadBody(summary, base: call.base)
                item.isListItem = true
                return item
            },
            path: root,
            call: call,
            fields: call.uploadFields
        )
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let id = try call.context.segment("upload_id")
        let uploads = call.scoped(uploads)
        var body = UploadBody(try await uploads.details(id, caller: call.caller), base: call.base)
        if call.query.isTrue("list_parts") {
            body.parts = try await uploads.reportedParts(of: id, caller: call.caller).map {
                PartReportBody(number: $0.number, etag: $0.etag)
            }
        }
        if call.query.isTrue("stored_parts") {
            body.storedPartList = try await uploads.storedParts(of: id, caller: call.caller)?.map {
                PartReportBody(number: $0.number, etag: $0.etag)
            }
        }
        return .json(body, fields: call.uploadFields)
    }

    private func complete(_ call: APICall, _ projects: Projects) async throws -> Response {
        let reports = try await call.readReports()
        let id = try call.context.segment("upload_id")
        let file = try await call.scoped(uploads).complete(id, reports: reports, caller: call.caller)
        call.note(.init(completed: id, file))
        if call.session != nil {
            // A sender may repeat the complete call, but must not see changes that members have since made to the file.
            let isUnchanged = file.modifiedOn == file.createdOn
            let fields = isUnchanged ? Self.senderFileFields : Self.changedFileFields
            return .json(FileBody(file: file, base: call.base), fields: fields, status: .created)
        }
        let project = try await projects.details(file.project, caller: call.caller, reading: .cached).project
        let body = FileBody(file: file, base: call.base, path: "/Projects/\(project.uuid)/\(file.name)")
        return .json(body, status: .created)
    }

    /// The fields that a sender may see of an unchanged file.
    private static let senderFileFields = FieldSelection("checksums,created_on,id,metadata,name,size,tags,type")

    /// The fields that a sender may see of a file that was changed after its upload was completed.
    private static let changedFileFields = FieldSelection("checksums,created_on,id,size,type")

    @Sendable private func abort(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        try await call.scoped(uploads).abort(try call.context.segment("upload_id"), caller: call.caller)
        return Response(status: .noContent)
    }
}

extension APICall {
    /// Reads the part reports in the body of a complete call, or returns an empty array if there are none.
    ///
    /// - Throws: `.partListInvalid` for a malformed body; `.partNumberInvalid` or `.reportInvalid` for an invalid
    ///   report; the errors of ``readBody(_:code:)``.
    func readReports() async throws -> [PartReport] {
        let body = try await readObject(.list, code: .partListInvalid)
        return try body.array("parts")?.map { value in try PartReport(value) } ?? []
    }
}

extension Uploads {
    /// Creates the response body of an initialize call, with part infos if requested.
    ///
    /// - Throws: `.partUnavailable` if the upload was initialized in another object store; the metadata store's error
    ///   if the signing keys cannot be read.
    func body(of upload: Upload, partInfos batch: PartBatch?, base: BaseURL) async throws -> UploadBody {
        var body = UploadBody(upload: upload, base: base)
        if let batch {
            body.partInfos = try await partInfos(batch, of: upload, base: base).map {
                PartInfoBody(request: $0.request, number: $0.number)
            }
        }
        return body
    }
}
