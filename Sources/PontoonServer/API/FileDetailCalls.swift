import Hummingbird
import PontoonCore

/// The request handlers for a file's metadata and tags.
///
/// Source: docs/api.md#file-metadata.
struct FileDetailCalls {
    let files: Files

    func add(to routes: Routes) {
        routes.call(.get, "/files/{file_id}/metadata", metadata)
        routes.call(.patch, "/files/{file_id}/metadata") { call in try await change(call, replacing: false) }
        routes.call(.put, "/files/{file_id}/metadata") { call in try await change(call, replacing: true) }
        routes.call(.put, "/files/{file_id}/tags", replaceTags)
    }

    @Sendable private func metadata(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        return .json(try await files.details(try call.context.segment("file_id"), caller: call.caller).metadata)
    }

    @Sendable private func change(_ call: APICall, replacing: Bool) async throws -> Response {
        let fields: [String: JSONValue]
        switch try await call.readBody(.text, code: .badRequest) {
        case .object(let values): fields = values
        case .null, .array([]): fields = [:]
        default: throw PontoonError(.metadataInvalid, "The body must be a JSON object.")
        }
        let metadata = try await files.changeMetadata(
            try call.context.segment("file_id"),
            try MetadataChange.read(fields),
            replacing: replacing,
            caller: call.caller
        )
        return .json(metadata)
    }

    @Sendable private func replaceTags(_ call: APICall) async throws -> Response {
        guard let tags = try await call.readBody(.text, code: .badRequest).scalarTexts else {
            throw PontoonError(.badRequest, "The body must be a JSON array of strings.")
        }
        return .json(
            try await files.replaceTags(try call.context.segment("file_id"), tags, caller: call.caller)
        )
    }
}
