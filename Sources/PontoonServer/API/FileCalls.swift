import Hummingbird
import PontoonCore

/// The request handlers for files and folders.
///
/// Source: docs/api.md#files.
struct FileCalls {
    let files: Files
    let downloads: Downloads

    func add(to routes: Routes) {
        routes.call(.get, "/files", listByQuery)
        routes.call(.post, "/files", createFolder)
        routes.call(.get, "/files/{file_id}", details)
        routes.call(.patch, "/files/{file_id}", update)
        routes.call(.put, "/files/{file_id}", update)
        routes.call(.delete, "/files/{file_id}", delete)
        routes.call(.get, "/files/{file_id}/list") { call in
            let id = try call.context.segment("file_id")
            return try await list(call, in: .folder(id: id), path: "/files/\(id)/list")
        }
        routes.call(.get, "/files/{file_id}/download_info", downloadInfo)
    }

    /// Creates the response with one page of the files and folders in a folder.
    ///
    /// `path` is the path of the list relative to `/v2`, for the links to other pages.
    @Sendable func list(
        _ call: APICall,
        in folder: FolderReference,
        path: String
    ) async throws -> Response {
        try await call.discardBody()
        let listing = try await files.list(
            in: folder,
            filter: try Self.filter(call.query),
            caller: call.caller,
            page: try call.query.page()
        )
        return try .list(
            listing.map { FileBody(file: $0, base: call.base) },
            path: path,
            call: call,
            fields: call.fields(defaults: FileBody.listFields)
        )
    }

    @Sendable private func listByQuery(_ call: APICall) async throws -> Response {
        let folder = try Self.folder(project: call.query["project"], parent: call.query["parent"])
        return try await list(call, in: folder, path: "/files")
    }

    @Sendable private func createFolder(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(code: .badRequest)
        guard try body.string("type")?.lowercased() == "folder" else {
            throw PontoonError(.typeNotFolder, "The field 'type' must be 'folder'; files are created by uploads.")
        }
        let folder = try await files.createFolder(
            try body.string("name") ?? "",
            in: try Self.folder(project: try body.string("project"), parent: try body.string("parent")),
            caller: call.caller
        )
        call.note(.init(folder))
        return .json(FileBody(file: folder, base: call.base), fields: call.fields, status: .created)
    }

    @Sendable private func details(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let file = try await files.details(try call.context.segment("file_id"), caller: call.caller)
        return .json(FileBody(file: file, base: call.base), fields: call.fields)
    }

    @Sendable private func update(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(.text, code: .badRequest)
        let file = try await files.update(
            try call.context.segment("file_id"),
            FileChange(
                name: try body.string("name"),
                metadata: try body.object("metadata").map { fields in try MetadataChange.read(fields) },
                tags: try body.tags()
            ),
            caller: call.caller
        )
        call.note(.init(file))
        return .json(FileBody(file: file, base: call.base), fields: call.fields)
    }

    @Sendable private func delete(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        call.note(AuditEntry.Object(try await files.delete(try call.context.segment("file_id"), caller: call.caller)))
        return Response(status: .noContent)
    }

    @Sendable private func downloadInfo(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let (file, request) = try await downloads.request(
            try call.context.segment("file_id"),
            caller: call.caller,
            base: call.base
        )
        call.note(AuditEntry.Object(file))
        return .json(["url": request.url])
    }

    /// Returns a reference to the folder that a caller names, either by its id or as the root folder of a project.
    ///
    /// - Throws: `.projectQueryMalformed` if the project does not have the form `owner/project`; `.destinationMissing`
    ///   if neither a project nor a parent is given; `.destinationAmbiguous` if both are given.
    static func folder(
        project: String?,
        parent: String?
    ) throws(PontoonError) -> FolderReference {
        switch (project, parent) {
        case (let project?, nil):
            guard let id = ProjectID(project) else {
                throw PontoonError(.projectQueryMalformed, "The project '\(project)' must have the form owner/project.")
            }
            return .project(id)
        case (nil, let parent?): return .folder(id: parent)
        case (nil, nil): throw PontoonError(.destinationMissing, "One of 'project' and 'parent' must be given.")
        default: throw PontoonError(.destinationAmbiguous, "Only one of 'project' and 'parent' may be given.")
        }
    }

    /// Reads the filter of a file list from the query; other parameters are ignored.
    ///
    /// - Throws: `.badRequest` if there are more than 100 metadata keys, or a name, tag, metadata key or metadata value
    ///   is longer than stored ones can be.
    static func filter(_ query: Query) throws(PontoonError) -> FileFilter {
        var filter = FileFilter()
        for (name, value) in query.items {
            switch name {
            case "name":
                try FieldRules.check("name", name: value)
                filter.names = (filter.names ?? []) + [value]
            case "tag":
                try FieldRules.check(filter: name, value, maximumBytes: FieldRules.maximumTagBytes)
                filter.tags = (filter.tags ?? []) + [value]
            case "origin.task", "origin.dataset": filter.matchesNothing = true
            default:
                guard name.hasPrefix("metadata.") else { continue }
                let key = String(name.dropFirst("metadata.".count))
                try FieldRules.check(filter: "metadata key", key, maximumBytes: MetadataRules.maximumKeyBytes)
                try FieldRules.check(filter: name, value, maximumBytes: MetadataRules.maximumValueBytes)
                filter.metadata[key, default: []].append(value)
            }
        }
        // Each key adds a condition to the SQL statement, and databases limit the number of conditions.
        guard filter.metadata.count <= 100 else {
            throw PontoonError(.badRequest, "A list can be filtered by at most 100 metadata keys.")
        }
        return filter
    }
}

/// The parser for metadata in requests, which converts numbers and Booleans to text.
enum MetadataChange {
    /// Reads a metadata object; `null` removes a key.
    ///
    /// - Throws: `.metadataInvalid` for a value that is an object or an array.
    static func read(_ fields: [String: JSONValue]) throws(PontoonError) -> [String: String?] {
        var change: [String: String?] = [:]
        for (key, value) in fields {
            let text = value.scalarText
            guard text != nil || value == .null else {
                throw PontoonError(
                    .metadataInvalid,
                    "The metadata value of '\(key)' must be a string, number, Boolean or null."
                )
            }
            change[key] = .some(text)
        }
        return change
    }
}
