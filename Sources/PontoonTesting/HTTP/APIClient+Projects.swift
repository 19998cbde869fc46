import NIOCore
import NIOHTTP1
package import PontoonCore
import Testing

extension APIClient {
    /// Creates a project.
    ///
    /// - Returns: Its id.
    package func createProject(_ name: String, extra: [String: JSONValue] = [:]) async throws -> String {
        let body = extra.merging(["name": .string(name)]) { $1 }
        let answer = try await call(.POST, "/projects", .object(body))
        guard answer.status == 201 else { throw UnexpectedAnswer(description: String(buffer: answer.body)) }
        return try answer.text("id")
    }

    /// Adds a user to a project.
    ///
    /// - Parameters:
    ///   - user: The user.
    ///   - project: A project of which the caller is an admin.
    ///   - rights: Some of the permissions `read`, `copy`, `write`, `execute`, `admin`.
    /// - Throws: ``UnexpectedAnswer`` if the call is refused.
    package func addMember(_ user: String, of project: String, _ rights: [Permission] = []) async throws {
        let permissions = Dictionary(uniqueKeysWithValues: rights.map { ($0.rawValue, JSONValue.bool(true)) })
        let answer = try await call(
            .POST,
            "/projects/\(project)/members",
            ["username": .string(user), "permissions": .object(permissions)]
        )
        guard answer.status == 201 else { throw UnexpectedAnswer(description: String(buffer: answer.body)) }
    }

    /// Ids, or another text field, of the items of a list.
    package func listed(_ path: String, _ field: String = "id") async throws -> [String] {
        let answer = try await call(.GET, path)
        guard case .array(let items) = answer["items"] else {
            throw UnexpectedAnswer(description: "no list: \(String(buffer: answer.body))")
        }
        return items.map { item in
            guard case .object(let fields) = item, case .string(let text) = fields[field] else { return "?" }
            return text
        }
    }
}

/// The permissions of a member as the API returns them, without `href`.
package func rightsShown(_ answer: JSONValue?) -> Set<String> {
    guard case .object(let fields) = answer else { return ["?"] }
    return Set(fields.filter { $0.value == true }.keys)
}
