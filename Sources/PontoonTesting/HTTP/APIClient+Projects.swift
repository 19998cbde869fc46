import NIOCore
import NIOHTTP1
package import PontoonCore
import Testing

extension APIClient {
    /// Creates a project.
    ///
    /// - Returns: The project's id.
    /// - Throws: ``UnexpectedResponse`` if the call is refused.
    package func createProject(_ name: String, extra: [String: JSONValue] = [:]) async throws -> String {
        let body = extra.merging(["name": .string(name)]) { $1 }
        let response = try await call(.POST, "/projects", .object(body))
        guard response.status == 201 else { throw UnexpectedResponse(description: String(buffer: response.body)) }
        return try response.text("id")
    }

    /// Adds a user to a project.
    ///
    /// - Parameters:
    ///   - user: Name of the user.
    ///   - project: Id of a project of which the caller is an admin.
    ///   - rights: The permissions to grant.
    /// - Throws: ``UnexpectedResponse`` if the call is refused.
    package func addMember(_ user: String, of project: String, _ rights: [Permission] = []) async throws {
        let permissions = Dictionary(uniqueKeysWithValues: rights.map { ($0.rawValue, JSONValue.bool(true)) })
        let response = try await call(
            .POST,
            "/projects/\(project)/members",
            ["username": .string(user), "permissions": .object(permissions)]
        )
        guard response.status == 201 else { throw UnexpectedResponse(description: String(buffer: response.body)) }
    }

    /// Requests a list, and returns the id or another text field of each item; `?` for an item without this field.
    package func listed(_ path: String, _ field: String = "id") async throws -> [String] {
        let response = try await call(.GET, path)
        guard case .array(let items) = response["items"] else {
            throw UnexpectedResponse(description: "not a list: \(String(buffer: response.body))")
        }
        return items.map { item in
            guard case .object(let fields) = item, case .string(let text) = fields[field] else { return "?" }
            return text
        }
    }
}

/// Returns the names of the permissions that are `true` in a JSON object; `["?"]` if the value is not an object.
package func rightsShown(_ response: JSONValue?) -> Set<String> {
    guard case .object(let fields) = response else { return ["?"] }
    return Set(fields.filter { $0.value == true }.keys)
}
