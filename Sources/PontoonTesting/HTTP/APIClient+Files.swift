import NIOHTTP1
package import PontoonCore
import Testing

extension APIClient {
    /// Returns the id of a project's root folder.
    package func root(of project: String = "admin/uploads") async throws -> String {
        try await call(.GET, "/projects/\(project)").text("root_folder")
    }

    /// Copies a file; `body` contains the destination and optionally a name.
    package func copy(_ file: String, _ body: JSONValue) async throws -> APIResponse {
        try await call(.POST, "/files/\(file)/actions/copy", body)
    }

    /// Moves a file; `body` contains the destination and optionally a name.
    package func move(_ file: String, _ body: JSONValue) async throws -> APIResponse {
        try await call(.POST, "/files/\(file)/actions/move", body)
    }
}

extension JSONValue {
    /// A field of an object; `nil` if this is not an object with the field.
    package subscript(_ field: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields[field]
    }
}
