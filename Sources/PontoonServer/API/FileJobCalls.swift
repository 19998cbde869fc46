import Hummingbird
import PontoonCore

/// The request handlers for jobs that copy, move and delete files and folders in the background.
///
/// Source: docs/api.md#asynchronous-jobs.
struct FileJobCalls {
    /// Path of the jobs, relative to `/v2`.
    static let root = "/async/files"

    let jobs: FileJobs

    func add(to routes: Routes) {
        routes.call(.get, Self.root, list)
        for kind in FileJob.Kind.allCases {
            let path = "\(Self.root)/\(kind.rawValue)"
            routes.call(.post, path) { call in try await submit(kind, call) }
            routes.call(.get, "\(path)/{job_id}") { call in try await details(kind, call) }
        }
    }

    private func submit(_ kind: FileJob.Kind, _ call: APICall) async throws -> Response {
        let body = try await call.readObject(.list, code: .jobInvalid)
        guard let items = try body.array("items") else {
            throw PontoonError(.jobInvalid, "The field 'items' is missing.")
        }
        let job = try await jobs.submit(kind, try items.map { try Self.item($0, kind) }, caller: call.caller)
        call.note(AuditEntry.Object(id: job.id, name: kind.rawValue))
        return .json(FileJobBody(job: job, results: [], base: call.base), fields: call.fields, status: .created)
    }

    private func details(_ kind: FileJob.Kind, _ call: APICall) async throws -> Response {
        try await call.discardBody()
        let (job, results) = try await jobs.job(try call.context.segment("job_id"), kind, caller: call.caller)
        return .json(FileJobBody(job: job, results: results, base: call.base), fields: call.fields)
    }

    @Sendable private func list(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let listing = try await jobs.list(caller: call.caller, page: try call.query.page())
        return try .list(
            listing.map { FileJobBody(job: $0, results: nil, base: call.base) },
            path: Self.root,
            call: call,
            fields: call.fields
        )
    }

    /// Reads an item.
    ///
    /// Empty strings count as absent, as in the examples of the platform's documentation.
    ///
    /// - Throws: `.jobSourceMissing` if `file` is missing; `.jobDestinationMissing` if neither `project` nor `parent`
    ///   is given, unless the job deletes; `.jobInvalid` for any other error.
    private static func item(_ value: JSONValue, _ kind: FileJob.Kind) throws -> FileJobItem {
        let fields = try RequestObject(value, code: .jobInvalid)
        func text(_ name: String) throws -> String? { try fields.string(name).flatMap { $0.isEmpty ? nil : $0 } }
        guard let file = try text("file") else {
            throw PontoonError(.jobSourceMissing, "Each item must have a field 'file' with the id of a file or folder.")
        }
        if kind == .delete { return FileJobItem(file: file) }
        let destination: FolderReference
        switch (try text("project"), try text("parent")) {
        case (let project?, nil):
            guard let id = ProjectID(project) else {
                throw PontoonError(.jobInvalid, "The project '\(project)' must have the form owner/project.")
            }
            destination = .project(id)
        case (nil, let parent?): destination = .folder(id: parent)
        case (nil, nil): throw PontoonError(.jobDestinationMissing, "Each item must have a 'project' or a 'parent'.")
        default: throw PontoonError(.jobInvalid, "An item must not have both 'project' and 'parent'.")
        }
        return FileJobItem(file: file, destination: destination, name: try text("name"))
    }
}
