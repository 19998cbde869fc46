import NIOHTTP1

/// The index of the API: the response to `GET /v2/`.
public struct ServerIndex: Sendable, Decodable {
    /// Names of the server's extensions to the platform's API; empty on the platform itself.
    public let extensions: Set<String>

    /// The version of a Pontoon server; `nil` on the platform, or if the token is not valid.
    public let version: String?

    private enum CodingKeys: String, CodingKey { case extensions, build }
    private struct Build: Decodable { var version: String? }

    /// Decodes the API's JSON; a missing list of extensions is decoded as an empty set.
    ///
    /// - Throws: `DecodingError` if a value has an unexpected type.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        extensions = Set(try fields.decodeIfPresent([String].self, forKey: .extensions) ?? [])
        version = try fields.decodeIfPresent(Build.self, forKey: .build)?.version
    }

    /// Creates an index with the given extensions and without a version.
    public init(extensions: Set<String> = []) { (self.extensions, version) = (extensions, nil) }

    /// Whether part infos can be requested in batches and in the initialize call.
    var providesPartInfos: Bool { extensions.contains("part_infos") }
    /// Whether parts can be reported in the complete call.
    var acceptsReportsAtCompletion: Bool { extensions.contains("complete_reports") }
    /// Whether the server provides a CRC-64/NVME for files, and for the parts that it stores itself.
    var hasChecksums: Bool { extensions.contains("checksums") }
    /// Whether the server lists the stored parts of an upload, including those that were not reported.
    var listsStoredParts: Bool { extensions.contains("stored_parts") }
    /// Whether the initialize call accepts the tags and metadata of the file.
    var acceptsLabels: Bool { extensions.contains("upload_labels") }
    /// Whether a whole file, with its tags and metadata, can be stored in one call.
    var storesFilesInOneCall: Bool { extensions.contains("file_put") && acceptsLabels }
    /// Whether the files and folders of a tar archive can be stored in one call.
    var storesArchives: Bool { extensions.contains("archive_put") }
    /// Whether a folder and its contents can be downloaded as one archive.
    var archivesFolders: Bool { extensions.contains("folder_archive") }
    /// Whether the server verifies the stored bytes of a file on request.
    var verifiesFiles: Bool { extensions.contains("verification") }
    /// Whether the server streams events, including the progress of uploads.
    var announcesEvents: Bool { extensions.contains("events") }
    /// Whether the server reports the usage and the quotas of users and projects.
    var reportsUsage: Bool { extensions.contains("usage") }
}

/// The user that a token belongs to.
public struct UserDetails: Sendable, Decodable {
    /// User name; the `owner` in the ids of projects that the user creates.
    public let username: String
}

extension SevenBridgesClient {
    /// Requests the API's index, which does not require a valid token.
    ///
    /// - Throws: ``APIError``, ``ClientError``.
    public func index() async throws -> ServerIndex {
        try await call(APIRequest(method: .GET, path: "/", purpose: "reach the API"))
    }

    /// Requests the user that the token belongs to.
    ///
    /// - Throws: ``APIError``, with status 401 if the token is not valid; ``ClientError``.
    public func user() async throws -> UserDetails {
        try await call(APIRequest(method: .GET, path: "/user", purpose: "check the token"))
    }
}
