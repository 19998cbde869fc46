import NIOHTTP1

/// The usage and the quota of a user or project, as returned by Pontoon's `usage` extension.
public struct UsageDetails: Sendable, Decodable {
    /// The limits of a quota; `nil` means no limit.
    public struct Limits: Sendable, Decodable {
        /// Maximum number of stored and reserved bytes together.
        public let bytes: Int64?
        /// Maximum number of files and unfinished uploads together.
        public let files: Int64?
        /// Maximum number of unfinished uploads.
        public let openUploads: Int64?

        private enum CodingKeys: String, CodingKey {
            case bytes, files
            case openUploads = "open_uploads"
        }

        /// Decodes the API's JSON; a limit above 2^53, which can never be reached, is decoded as `nil`.
        ///
        /// - Throws: `DecodingError` if a value has an unexpected type.
        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            bytes = try fields.decodeLength(forKey: .bytes)
            files = try fields.decodeLength(forKey: .files)
            openUploads = try fields.decodeLength(forKey: .openUploads)
        }
    }

    /// Total size of the files in bytes; `nil` if the server's value is missing or invalid.
    public let storedBytes: Int64?
    /// Bytes reserved for unfinished uploads; `nil` if the server's value is missing or invalid.
    public let reservedBytes: Int64?
    /// Number of files; `nil` if the server's value is missing or invalid.
    public let files: Int64?
    /// Number of unfinished uploads; `nil` if the server's value is missing or invalid.
    public let openUploads: Int64?
    /// The quota that applies to the user or project.
    public let quota: Limits

    private enum CodingKeys: String, CodingKey {
        case files, quota
        case storedBytes = "stored_bytes"
        case reservedBytes = "reserved_bytes"
        case openUploads = "open_uploads"
    }

    /// Decodes the API's JSON.
    ///
    /// - Throws: `DecodingError` if the quota is missing, or if a value has an unexpected type.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        storedBytes = try fields.decodeLength(forKey: .storedBytes)
        reservedBytes = try fields.decodeLength(forKey: .reservedBytes)
        files = try fields.decodeLength(forKey: .files)
        openUploads = try fields.decodeLength(forKey: .openUploads)
        quota = try fields.decode(Limits.self, forKey: .quota)
    }
}

/// A project that the user owns, with its usage.
public struct ProjectUsageDetails: Sendable, Decodable, Identifiable {
    /// Id of the project, `owner/project`.
    public let id: String
    /// Usage and quota of the project.
    public let usage: UsageDetails
}

/// The user's usage, and one page of the projects that the user owns.
public struct UsagePage: Sendable, Decodable {
    /// User name.
    public let user: String
    /// The total usage of all projects that the user owns; `nil` if the token is limited to certain projects.
    public let usage: UsageDetails?
    /// One page of the projects that the user owns, ordered by id.
    public let projects: ResultPage<ProjectUsageDetails>

    private enum CodingKeys: String, CodingKey { case user, usage }

    /// Decodes the API's JSON.
    ///
    /// - Throws: `DecodingError` if the user name or the list of projects is missing, or if a value has an unexpected
    ///   type.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        user = try fields.decode(String.self, forKey: .user)
        usage = try fields.decodeIfPresent(UsageDetails.self, forKey: .usage)
        projects = try ResultPage(from: decoder)
    }
}

extension SevenBridgesClient {
    /// Requests the user's usage and one page of the projects that the user owns, ordered by id.
    ///
    /// With a token that is limited to certain projects, only these projects are listed.
    ///
    /// - Throws: ``ClientError``, with code `.requestInvalid` if the server does not have the `usage` extension, which
    ///   is checked only if `offset` is 0; ``APIError``.
    public func usage(offset: Int = 0, limit: Int = 100) async throws -> UsagePage {
        if offset == 0, try await !index().reportsUsage {
            throw ClientError(
                .requestInvalid,
                "\(endpoint) does not report usage and quotas.",
                advice: "Only Pontoon servers with the 'usage' extension do."
            )
        }
        return try await call(
            APIRequest(
                method: .GET,
                path: "/usage",
                query: [("offset", String(offset)), ("limit", String(limit))],
                purpose: "request your usage"
            )
        )
    }
}
