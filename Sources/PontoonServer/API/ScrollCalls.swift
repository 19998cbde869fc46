import Hummingbird
import PontoonCore

/// The request handlers for file listings paginated by continuation token instead of offset.
///
/// Source: docs/api.md#scroll.
struct ScrollCalls {
    let files: Files

    func add(to routes: Routes) {
        routes.call(.get, "/files/scroll") { call in
            let folder = try FileCalls.folder(project: call.query["project"], parent: call.query["parent"])
            return try await scroll(call, in: folder, path: "/files/scroll")
        }
        routes.call(.get, "/files/{file_id}/scroll") { call in
            let id = try call.context.segment("file_id")
            return try await scroll(call, in: .folder(id: id), path: "/files/\(id)/scroll")
        }
    }

    private func scroll(
        _ call: APICall,
        in folder: FolderReference,
        path: String
    ) async throws -> Response {
        try await call.discardBody()
        let token = try ScrollToken(call.query["token"])
        let (listing, next) = try await files.scroll(
            in: folder,
            filter: try FileCalls.filter(call.query),
            after: token.after,
            limit: try call.query.page().limit,
            caller: call.caller
        )
        return try .scroll(
            listing.map { FileBody(file: $0, base: call.base) },
            tokens: (token, next.map { ScrollToken(after: $0) }),
            path: path,
            call: call,
            fields: call.fields(defaults: FileBody.listFields)
        )
    }
}
