import Hummingbird
import Logging
import PontoonCore

/// One call for many files; each of them succeeds or fails for itself.
///
/// Source: docs/api.md#bulk-calls.
struct BulkCalls {
    /// Most files in one call.
    static let limit = 100

    let support: APISupport
    private var files: Files { support.services.files }

    init(support: APISupport) { self.support = support }

    func add(to routes: Routes) {
        routes.call(.post, "/bulk/files/get") { call in
            try await forEach("file_ids", of: call) { id in
                let file = try await files.details(try Self.id(id), caller: call.caller)
                return try Self.resource(file, call)
            }
        }
        routes.call(.post, "/bulk/files/delete") { call in
            try await forEach("file_ids", of: call) { id in
                try await files.delete(try Self.id(id), caller: call.caller)
                return .object([:])
            }
        }
        routes.call(.post, "/bulk/files/update") { call in
            try await forEach("items", of: call) { item in try await change(item, replacing: true, call) }
        }
        routes.call(.post, "/bulk/files/edit") { call in
            try await forEach("items", of: call) { item in try await change(item, replacing: false, call) }
        }
    }

    /// Works on the elements of an array one after another, in their order: one file may be named twice.
    private func forEach(
        _ field: String,
        of call: APICall,
        _ work: (JSONValue) async throws -> JSONValue
    ) async throws -> Response {
        let body = try await support.bodies.readObject(call.request, code: .badRequest)
        guard let elements = try body.array(field) else {
            throw PontoonError(.badRequest, "The field '\(field)' is missing.")
        }
        guard elements.count <= Self.limit else {
            throw PontoonError(.badRequest, "The field '\(field)' may have at most \(Self.limit) elements.")
        }
        var items: [BulkItemBody] = []
        for element in elements {
            do {
                items.append(.resource(try await work(element)))
            } catch let error as PontoonError {
                items.append(.error(ErrorBody(call.answerInPart(error))))
            }
        }
        return try .json(BulkBody(items: items))
    }

    private func change(_ item: JSONValue, replacing: Bool, _ call: APICall) async throws -> JSONValue {
        let fields = try RequestObject(item, code: .badRequest)
        guard let id = try fields.string("id") else { throw PontoonError(.badRequest, "The field 'id' is missing.") }
        var change = FileChange(
            name: try fields.string("name"),
            metadata: try fields.object("metadata").map { values in try MetadataChange.read(values) },
            tags: try fields.strings("tags")
        )
        if replacing {
            // What is not given is erased; only a name cannot be.
            change.metadata = change.metadata ?? [:]
            change.replacesMetadata = true
            change.tags = change.tags ?? []
        }
        return try Self.resource(try await files.update(id, change, caller: call.caller), call)
    }

    private static func id(_ value: JSONValue) throws(PontoonError) -> String {
        guard case .string(let id) = value else { throw PontoonError(.badRequest, "A file's id must be a string.") }
        return id
    }

    private static func resource(_ file: File, _ call: APICall) throws -> JSONValue {
        call.query.fields.apply(to: try JSONValue(encoding: FileBody(file, base: call.base)), defaults: nil)
    }
}

extension APICall {
    /// A refusal that becomes part of an answer; what lies behind it is logged as for a refusal of the whole call.
    func answerInPart(_ error: PontoonError) -> PontoonError {
        if let cause = error.cause {
            context.log.warning("refused in part", metadata: ["cause": "\(cause)", "code": "\(error.code)"])
        }
        return error
    }
}
