import NIOHTTP1
import PontoonCore

/// A project, as returned by the API.
public struct ProjectDetails: Sendable, Decodable, Identifiable {
    /// The permissions of a user in a project; each is `nil` if the server omits it.
    public struct Permissions: Sendable, Decodable {
        /// Whether the user may add, change and delete files.
        public let write: Bool?
        /// Whether the user may list files and read their metadata.
        public let read: Bool?
        /// Whether the user may download files.
        public let copy: Bool?
        /// Whether the user may run tasks.
        public let execute: Bool?
        /// Whether the user has all permissions and may manage members.
        public let admin: Bool?

        /// The names of the granted permissions, in the order `read`, `copy`, `write`, `execute`, `admin`.
        package var granted: [String] {
            let all = [("read", read), ("copy", copy), ("write", write), ("execute", execute), ("admin", admin)]
            return all.filter { $0.1 ?? false }.map(\.0)
        }
    }

    /// Id of the project, `owner/project`.
    public let id: String
    /// Display name.
    public let name: String
    /// Description; `nil` if there is none, or if the project was returned in a list.
    public let description: String?
    /// Tags; `nil` if the server omits them, as in lists.
    public let tags: [String]?
    /// The user's permissions; `nil` if the project was returned in a list.
    public let permissions: Permissions?
    /// Id of the root folder; `nil` if the project was returned in a list.
    public let rootFolder: String?

    private enum CodingKeys: String, CodingKey {
        case id, name, description, tags, permissions
        case rootFolder = "root_folder"
    }
}

extension SevenBridgesClient {
    /// Lists one page of the user's projects.
    ///
    /// - Parameters:
    ///   - owner: Limits the list to projects of this owner; `nil` lists all.
    ///   - offset: Number of projects to skip.
    ///   - limit: Maximum number of projects on the page, 1 to 100.
    /// - Returns: The page.
    /// - Throws: ``APIError``, ``ClientError``.
    public func projects(
        owner: String? = nil,
        offset: Int = 0,
        limit: Int = 100
    ) async throws -> ResultPage<ProjectDetails> {
        try await page(
            "/projects" + (owner.map { "/\($0.urlEncoded)" } ?? ""),
            offset: offset,
            limit: limit,
            purpose: "list the projects"
        )
    }

    /// Requests the details of a project.
    ///
    /// - Parameter id: Id of the project, `owner/project`.
    /// - Returns: The project.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the id does not have this form; ``APIError``, with
    ///   status 404 if the project does not exist or the user is not a member.
    public func project(_ id: String) async throws -> ProjectDetails {
        try await call(
            APIRequest(method: .GET, path: try Self.projectPath(id), purpose: "get the project '\(id)'")
        )
    }

    /// Creates a project.
    ///
    /// - Parameters:
    ///   - name: Display name, from which the server derives the id.
    ///   - description: Description; `nil` for none.
    ///   - tags: Tags.
    /// - Returns: The project.
    /// - Throws: ``APIError``, ``ClientError``.
    public func createProject(
        _ name: String,
        description: String? = nil,
        tags: [String] = []
    ) async throws -> ProjectDetails {
        try await call(
            APIRequest(
                method: .POST,
                path: "/projects",
                body: Self.body(name: name, description: description, tags: tags.isEmpty ? nil : tags),
                idempotency: .nonIdempotent,
                purpose: "create the project '\(name)'"
            )
        )
    }

    /// Changes a project's name, description and tags, but not its id.
    ///
    /// - Parameters:
    ///   - id: Id of the project, `owner/project`.
    ///   - name: New display name; `nil` keeps the name.
    ///   - description: New description; `nil` keeps it.
    ///   - tags: New tags, replacing all existing ones; `nil` keeps them.
    /// - Returns: The changed project.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the id does not have this form; ``APIError``, with
    ///   status 404 if the project does not exist or the user is not a member.
    public func changeProject(
        _ id: String,
        name: String? = nil,
        description: String? = nil,
        tags: [String]? = nil
    ) async throws -> ProjectDetails {
        try await call(
            APIRequest(
                method: .PATCH,
                path: try Self.projectPath(id),
                body: Self.body(name: name, description: description, tags: tags),
                purpose: "change the project '\(id)'"
            )
        )
    }

    /// Deletes a project with all of its files, and aborts its unfinished uploads.
    ///
    /// - Parameter id: Id of the project, `owner/project`.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the id does not have this form; ``APIError``, with
    ///   status 404 if the project does not exist or the user is not a member.
    public func deleteProject(_ id: String) async throws {
        try await delete(
            APIRequest(method: .DELETE, path: try Self.projectPath(id), purpose: "delete the project '\(id)'")
        )
    }

    private static func body(name: String?, description: String?, tags: [String]?) -> JSONValue {
        var body: [String: JSONValue] = [:]
        body["name"] = name.map { .string($0) }
        body["description"] = description.map { .string($0) }
        body["tags"] = tags.map { .array($0.map { .string($0) }) }
        return .object(body)
    }

    /// Returns the path of a project in the API: `/projects/owner/project`.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the id does not have the form `owner/project`, or if
    ///   the owner or the project is `.` or `..`.
    static func projectPath(_ id: String) throws(ClientError) -> String {
        let names = id.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw ClientError(.requestInvalid, "'\(id)' is not a project id.", advice: "Use the form owner/project.")
        }
        return "/projects/" + names.map { String($0).urlEncoded }.joined(separator: "/")
    }

    /// Returns a user name, percent-encoded for use as a path segment.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if the name is empty, or if it is `.` or `..`, because a
    ///   proxy could resolve these as parts of the path.
    static func userPath(_ name: String) throws(ClientError) -> String {
        guard !name.isEmpty, name != ".", name != ".." else {
            throw ClientError(.requestInvalid, "'\(name)' is not a valid user name.")
        }
        return name.urlEncoded
    }
}
