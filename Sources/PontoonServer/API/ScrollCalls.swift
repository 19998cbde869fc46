import Hummingbird
import PontoonCore

/// Lists of files that are read from token to token.
///
/// Source: docs/api.md#scroll.
struct ScrollCalls {
    let support: APISupport

    func add(to routes: Routes) {
        routes.call(.get, "/files/scroll") { call in
            let place = try FileCalls.place(project: call.query["project"], parent: call.query["parent"])
            return try await scroll(call, in: place, path: "/files/scroll")
        }
        routes.call(.get, "/files/{file_id}/scroll") { call in
            let id = try call.context.segment("file_id")
            return try await scroll(call, in: .folder(id: id), path: "/files/\(id)/scroll")
        }
    }

    private func scroll(
        _ call: APICall,
        in place: FolderReference,
        path: String
    ) async throws -> Response {
        try await support.bodies.drop(call.request)
        let token = try ScrollToken(call.query["token"])
        let (listing, next) = try await support.services.files.scroll(
            in: place,
            filter: try FileCalls.filter(call.query),
            after: token.after,
            limit: try call.query.page().limit,
            caller: call.caller
        )
        return try .scroll(
            Listing(items: listing.items.map { FileBody($0, base: call.base) }, total: listing.total),
            tokens: (token, next.map { ScrollToken(after: $0) }),
            path: path,
            query: call.query,
            base: call.base,
            defaults: FileBody.listFields
        )
    }
}
