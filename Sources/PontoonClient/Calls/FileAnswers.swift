public import Foundation

/// A file or folder as the API shows it; only the id and the name are always there.
public struct FileDetails: Sendable, Decodable {
    /// Checksums of the whole file, on a server that has them.
    public struct Checksums: Sendable, Decodable {
        /// CRC-64/NVME, 16 hex digits.
        public let crc64nvme: String?
        /// MD5, 32 hex digits.
        public let md5: String?
    }

    /// The id.
    public let id: String
    /// The name.
    public let name: String
    /// Bytes; absent for folders, and in lists that do not show it.
    public let size: Int64?
    /// `owner/name` of the project.
    public let project: String?
    /// The folder it lies in.
    public let parent: String?
    /// Whether it is a folder.
    public let isFolder: Bool
    /// When it was made.
    public let createdOn: Date?
    /// When it was last changed.
    public let modifiedOn: Date?
    /// The tags.
    public let tags: [String]
    /// The metadata; what is null at the platform is left out.
    public let metadata: [String: String]
    /// Checksums of the whole file, on a server that has them.
    public let checksums: Checksums?

    private enum CodingKeys: String, CodingKey {
        case id, name, size, project, parent, type, tags, metadata, checksums
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }

    /// Reads the API's JSON; what may be absent, may be absent.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        name = try fields.decode(String.self, forKey: .name)
        size = try fields.decodeIfPresent(Int64.self, forKey: .size)
        project = try fields.decodeIfPresent(String.self, forKey: .project)
        parent = try fields.decodeIfPresent(String.self, forKey: .parent)
        isFolder = try fields.decodeIfPresent(String.self, forKey: .type)?.lowercased() == "folder"
        createdOn = try fields.decodeIfPresent(LenientDate.self, forKey: .createdOn)?.date
        modifiedOn = try fields.decodeIfPresent(LenientDate.self, forKey: .modifiedOn)?.date
        tags = try fields.decodeIfPresent([String].self, forKey: .tags) ?? []
        // A value may be null on the platform.
        let metadata = try fields.decodeIfPresent([String: String?].self, forKey: .metadata) ?? [:]
        self.metadata = metadata.compactMapValues { $0 }
        checksums = try fields.decodeIfPresent(Checksums.self, forKey: .checksums)
    }
}
