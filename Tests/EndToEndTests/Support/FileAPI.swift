import NIOHTTP1
import PontoonCore
import Testing

extension APIClient {
    /// Folder id of a project's root.
    func root(of project: String = "admin/uploads") async throws -> String {
        try await call(.GET, "/projects/\(project)").text("root_folder")
    }

    /// Copies a file; `body` names the place, and perhaps a name.
    func copy(_ file: String, _ body: JSONValue) async throws -> Answer {
        try await call(.POST, "/files/\(file)/actions/copy", body)
    }

    /// Moves a file; `body` names the place, and perhaps a name.
    func move(_ file: String, _ body: JSONValue) async throws -> Answer {
        try await call(.POST, "/files/\(file)/actions/move", body)
    }
}

extension JSONValue {
    /// A field of an object.
    subscript(_ field: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields[field]
    }
}
