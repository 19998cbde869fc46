import NIOHTTP1

/// A project as the API describes it.
public struct ProjectDetails: Sendable, Decodable, Identifiable {
    /// The user's permissions in a project; each is `nil` if the server omits it.
    public struct Permissions: Sendable, Decodable {
        /// Whether the user may add, change and delete files.
        public let write: Bool?
        /// Whether the user may list files and read their metadata.
        public let read: Bool?
        /// Whether the user may download files.
        public let copy: Bool?
        /// Whether the user may do everything, including managing members.
        public let admin: Bool?
    }

    /// Id of the project, `owner/name`.
    public let id: String
    /// Display name.
    public let name: String
    /// The user's permissions; `nil` if the project comes from a list.
    public let permissions: Permissions?
    /// Id of the root folder; `nil` if the project comes from a list.
    public let rootFolder: String?

    private enum CodingKeys: String, CodingKey {
        case id, name, permissions
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
    /// - Parameter id: Id of the project, `owner/name`.
    /// - Returns: The project.
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the id does not have this form; ``APIError``.
    public func project(_ id: String) async throws -> ProjectDetails {
        let names = id.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ !$0.isEmpty }) else {
            throw ClientError(.requestInvalid, "'\(id)' is not a project id.", advice: "Use the form owner/name.")
        }
        let path = names.map { String($0).urlEncoded }.joined(separator: "/")
        return try await call(
            APIRequest(method: .GET, path: "/projects/\(path)", purpose: "get the project '\(id)'")
        )
    }
}
