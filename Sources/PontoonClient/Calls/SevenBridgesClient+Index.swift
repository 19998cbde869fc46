import NIOHTTP1

/// What an endpoint says of itself.
public struct ServerIndex: Sendable, Decodable {
    /// Names of what it adds to the platform's API; none on the platform itself.
    public let extensions: Set<String>

    private enum CodingKeys: String, CodingKey { case extensions }

    /// Reads the API's JSON; what may be absent, may be absent.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        extensions = Set(try fields.decodeIfPresent([String].self, forKey: .extensions) ?? [])
    }

    /// An endpoint that adds nothing.
    public init(extensions: Set<String> = []) { self.extensions = extensions }

    /// Whether several part infos can be requested at a time, the first ones with initialize.
    var providesPartInfos: Bool { extensions.contains("part_infos") }
    /// Whether parts can be reported with complete.
    var acceptsReportsAtCompletion: Bool { extensions.contains("complete_reports") }
    /// Whether files have a CRC-64/NVME, and so do parts that the server itself stores.
    var hasChecksums: Bool { extensions.contains("checksums") }
}

/// The caller.
public struct UserDetails: Sendable, Decodable {
    /// The user's name, which is also the owner part of project ids.
    public let username: String
}

extension SevenBridgesClient {
    /// What the endpoint says of itself; needs no token.
    public func index() async throws -> ServerIndex {
        try await call(APIRequest(method: .GET, path: "/", purpose: "reach the API"))
    }

    /// The caller.
    public func user() async throws -> UserDetails {
        try await call(APIRequest(method: .GET, path: "/user", purpose: "see who the token belongs to"))
    }
}
