import NIOHTTP1

/// A project as the API shows it.
public struct ProjectDetails: Sendable, Decodable {
    /// What the caller may do there.
    public struct Rights: Sendable, Decodable {
        /// Add, change and delete files.
        public let write: Bool?
        /// See names and metadata.
        public let read: Bool?
        /// See contents.
        public let copy: Bool?
        /// Everything.
        public let admin: Bool?
    }

    /// `owner/short-name`.
    public let id: String
    /// Its name for people.
    public let name: String
    /// What the caller may do; only in a single project's details.
    public let permissions: Rights?
    /// Id of the folder that is its root; only in a single project's details.
    public let rootFolder: String?

    private enum CodingKeys: String, CodingKey {
        case id, name, permissions
        case rootFolder = "root_folder"
    }
}

extension SevenBridgesClient {
    /// The caller's projects, a page; all owners' unless one is given.
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

    /// A project by its id, `owner/name`.
    ///
    /// - Throws: `.requestInvalid` for another form; ``APIError``.
    public func project(_ id: String) async throws -> ProjectDetails {
        let names = id.split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names.allSatisfy({ !$0.isEmpty }) else {
            throw ClientError(.requestInvalid, "'\(id)' is no project.", advice: "Write owner/name.")
        }
        let path = names.map { String($0).urlEncoded }.joined(separator: "/")
        return try await call(
            APIRequest(method: .GET, path: "/projects/\(path)", purpose: "look at the project '\(id)'")
        )
    }
}
