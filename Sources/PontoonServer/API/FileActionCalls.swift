import Hummingbird
import PontoonCore

/// The request handlers for copying, moving and verifying files.
///
/// Source: docs/api.md#copy-files.
struct FileActionCalls {
    let files: Files

    func add(to routes: Routes) {
        routes.call(.post, "/files/{file_id}/actions/copy", copy)
        routes.call(.post, "/files/{file_id}/actions/move", move)
        routes.call(.post, "/files/{file_id}/actions/verify", verify)
        routes.call(.post, "/action/files/copy", copyAll)
    }

    @Sendable private func copy(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(code: .badRequest)
        let id = try call.context.segment("file_id")
        let file = try await files.copy(
            id,
            to: try FileCalls.folder(project: try body.string("project"), parent: try body.string("parent")),
            name: try Self.newName(body),
            caller: call.caller
        )
        call.note(.init(copied: id, to: file))
        return .json(FileBody(file: file, base: call.base), fields: call.fields)
    }

    @Sendable private func move(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(code: .badRequest)
        guard let parent = try body.string("parent") else {
            throw PontoonError(.destinationMissing, "The field 'parent' is missing.")
        }
        let file = try await files.move(
            try call.context.segment("file_id"),
            to: parent,
            name: try Self.newName(body),
            caller: call.caller
        )
        var object = AuditEntry.Object(file)
        object.target = parent
        call.note(object)
        return .json(FileBody(file: file, base: call.base), fields: call.fields)
    }

    /// Returns the new name of a file, or `nil` to keep the name.
    ///
    /// R `sevenbridges` sends an empty string to keep the name.
    private static func newName(_ body: RequestObject) throws -> String? {
        let name = try body.string("name")
        return name?.isEmpty == true ? nil : name
    }

    @Sendable private func verify(_ call: APICall) async throws -> Response {
        try await call.discardBody()
        let file = try await files.requestVerification(try call.context.segment("file_id"), caller: call.caller)
        return .json(FileBody(file: file, base: call.base), fields: call.fields, status: .accepted)
    }

    @Sendable private func copyAll(_ call: APICall) async throws -> Response {
        let body = try await call.readObject(code: .badRequest)
        guard let project = try body.string("project") else {
            throw PontoonError(.destinationMissing, "The field 'project' is missing.")
        }
        guard let id = ProjectID(project) else {
            throw PontoonError(.projectQueryMalformed, "The project '\(project)' must have the form owner/project.")
        }
        guard let ids = try body.strings("file_ids") else {
            throw PontoonError(.badRequest, "The field 'file_ids' is missing.")
        }
        let results = try await files.copy(all: ids, to: id, caller: call.caller)
        var bodies: [String: CopyResultBody] = [:]
        for (id, result) in results {
            switch result {
            case .success(let file):
                call.note(.init(copied: id, to: file))
                bodies[id] = .copied(file)
            case .failure(let error):
                call.note(AuditEntry.Object(id: RequestEnd.fileID(id), refusal: error.code))
                bodies[id] = .failed(call.errorBody(for: error))
            }
        }
        return .json(bodies)
    }
}
