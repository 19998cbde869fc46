import Hummingbird
import Logging
import PontoonCore

/// The request handlers for calls that act on many files; the refusal of one file does not affect the others.
///
/// Source: docs/api.md#bulk-calls.
struct BulkCalls {
    /// Maximum number of files per call.
    private static let limit = 100

    let files: Files

    func add(to routes: Routes) {
        routes.call(.post, "/bulk/files/get", changes: false) { call in
            try await forEach("file_ids", of: call) { id in
                let file = try await files.details(try Self.id(id), caller: call.caller)
                return (.file(FileBody(file: file, base: call.base)), file)
            }
        }
        routes.call(.post, "/bulk/files/delete") { call in
            try await forEach("file_ids", of: call) { id in
                (.deleted, try await files.delete(try Self.id(id), caller: call.caller))
            }
        }
        routes.call(.post, "/bulk/files/update") { call in
            try await forEach("items", of: call) { item in try await change(item, replacing: true, call) }
        }
        routes.call(.post, "/bulk/files/edit") { call in
            try await forEach("items", of: call) { item in try await change(item, replacing: false, call) }
        }
    }

    /// Processes the elements of an array in order, one at a time, because a file may occur more than once.
    ///
    /// - Parameters:
    ///   - field: The field with the array.
    ///   - call: The call.
    ///   - process: The closure that processes one element and returns its result, and the file for the audit log.
    /// - Returns: The response, with one item for each element.
    /// - Throws: `.badRequest` if the array is missing or too long; the errors of ``APICall/readObject(_:code:)``; an
    ///   error of `process` that is not a ``PontoonError``.
    private func forEach(
        _ field: String,
        of call: APICall,
        _ process: (JSONValue) async throws -> (BulkBody.Item, File)
    ) async throws -> Response {
        let body = try await call.readObject(.list, code: .badRequest)
        guard let elements = try body.array(field) else {
            throw PontoonError(.badRequest, "The field '\(field)' is missing.")
        }
        guard elements.count <= Self.limit else {
            throw PontoonError(
                .badRequest,
                "The field '\(field)' has \(elements.count) elements; at most \(Self.limit) are allowed."
            )
        }
        var items: [BulkBody.Item] = []
        for element in elements {
            var object = AuditEntry.Object(id: Self.fileID(element))
            do {
                let (item, file) = try await process(element)
                items.append(item)
                object = AuditEntry.Object(file)
            } catch let error as PontoonError {
                object.refusal = error.code
                items.append(.error(call.errorBody(for: error)))
            }
            call.note(object)
        }
        return .json(BulkBody(items: items, fields: call.fields))
    }

    private func change(
        _ item: JSONValue,
        replacing: Bool,
        _ call: APICall
    ) async throws -> (BulkBody.Item, File) {
        let fields = try RequestObject(item, code: .badRequest)
        guard let id = try fields.string("id") else { throw PontoonError(.badRequest, "The field 'id' is missing.") }
        var change = FileChange(
            name: try fields.string("name"),
            metadata: try fields.object("metadata").map { values in try MetadataChange.read(values) },
            tags: try fields.tags()
        )
        if replacing {
            // Fields missing from the request are cleared, except the name, which a file must have.
            change.metadata = change.metadata ?? [:]
            change.replacesMetadata = true
            change.tags = change.tags ?? []
        }
        let file = try await files.update(id, change, caller: call.caller)
        return (.file(FileBody(file: file, base: call.base)), file)
    }

    /// Returns the id in an element of a request, for the audit log; `nil` if it cannot be the id of a file.
    private static func fileID(_ element: JSONValue) -> String? {
        switch element {
        case .string(let id): RequestEnd.fileID(id)
        case .object(let fields): fields["id"].flatMap(fileID)
        default: nil
        }
    }

    private static func id(_ value: JSONValue) throws(PontoonError) -> String {
        guard case .string(let id) = value else { throw PontoonError(.badRequest, "A file's id must be a string.") }
        return id
    }
}

extension APICall {
    /// Creates the error body for one file of a bulk call, and logs the error's cause.
    func errorBody(for error: PontoonError) -> ErrorBody {
        context.logCause(of: error)
        return ErrorBody(error)
    }
}
