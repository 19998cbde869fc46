public import PontoonFoundation

/// A file or folder, as returned by the API.
///
/// Only the id and the name are present in every response.
public struct FileDetails: Sendable, Decodable, Identifiable {
    /// Checksums of a whole file, and the result of their last verification.
    public struct Checksums: Sendable, Decodable {
        /// CRC-64/NVME of the file, in 16 hexadecimal digits; `nil` if the server does not provide it.
        public let crc64nvme: String?
        /// MD5 of the file, in 32 hexadecimal digits; `nil` if the server does not provide it.
        public let md5: String?
        /// The result of the server's last check of the stored bytes; `nil` if they were never checked, or if
        /// the server returned a result that this client does not support.
        public let state: State?
        /// The last time at which the server read the stored bytes and they matched the checksum; `nil` if this has
        /// never happened.
        public let verifiedOn: Date?
        /// The time at which a verification was requested; `nil` if none is pending.
        public let verificationRequestedOn: Date?

        /// The result of a verification of the stored bytes.
        ///
        /// `damaged` means that the bytes differ from the checksum or the recorded length, or cannot be read.
        public enum State: String, Sendable {
            case verified, damaged, missing
        }

        private enum CodingKeys: String, CodingKey {
            case crc64nvme, md5, state
            case verifiedOn = "verified_on"
            case verificationRequestedOn = "verification_requested_on"
        }

        /// Decodes the API's JSON; an unknown state is decoded as `nil`.
        ///
        /// - Throws: `DecodingError` if a value has an unexpected type.
        public init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            crc64nvme = try fields.decodeIfPresent(String.self, forKey: .crc64nvme)
            md5 = try fields.decodeIfPresent(String.self, forKey: .md5)
            state = try fields.decodeIfPresent(String.self, forKey: .state).flatMap { State(rawValue: $0) }
            verifiedOn = try fields.decodeIfPresent(LenientDate.self, forKey: .verifiedOn)?.date
            verificationRequestedOn =
                try fields.decodeIfPresent(LenientDate.self, forKey: .verificationRequestedOn)?.date
        }

        /// A clause for error messages that describes damage to the stored bytes; `nil` if the server reports no
        /// damage.
        var damage: String? {
            switch state {
            case .damaged: "its content is damaged on the server"
            case .missing: "its content is missing on the server"
            case .verified, nil: nil
            }
        }
    }

    /// Id of the file or folder.
    public let id: String
    /// Name of the file or folder, without its path.
    public let name: String
    /// Length in bytes, from 0 to 2^53; `nil` for a folder, or if the server's value is missing or invalid.
    public let size: Int64?
    /// Id of the project that contains the file or folder, `owner/project`; `nil` if the server omits it.
    public let project: String?
    /// Id of the parent folder; `nil` if the server omits it.
    public let parent: String?
    /// Whether the item is a folder; `false` if the server omits the type.
    public let isFolder: Bool
    /// Time of creation; `nil` if the server omits it.
    public let createdOn: Date?
    /// Time of the last modification; `nil` if the server omits it.
    public let modifiedOn: Date?
    /// Tags of the file; empty if the file has no tags, or if the server omits them.
    public let tags: [String]
    /// Metadata by key, without null values; empty if the server omits it.
    public let metadata: [String: String]
    /// Checksums of the whole file; `nil` if the server provides none.
    public let checksums: Checksums?

    private enum CodingKeys: String, CodingKey {
        case id, name, size, project, parent, type, tags, metadata, checksums
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }

    /// Decodes the API's JSON.
    ///
    /// - Throws: `DecodingError` if the id is missing or not valid, if the name is missing, or if a value has an
    ///   unexpected type.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decodeID(forKey: .id)
        name = try fields.decode(String.self, forKey: .name)
        size = try fields.decodeLength(forKey: .size)
        project = try fields.decodeIfPresent(String.self, forKey: .project)
        parent = try fields.decodeIfPresent(String.self, forKey: .parent)
        isFolder = try fields.decodeIfPresent(String.self, forKey: .type)?.lowercased() == "folder"
        createdOn = try fields.decodeIfPresent(LenientDate.self, forKey: .createdOn)?.date
        modifiedOn = try fields.decodeIfPresent(LenientDate.self, forKey: .modifiedOn)?.date
        tags = try fields.decodeIfPresent([String].self, forKey: .tags) ?? []
        // The platform may return null for individual keys.
        let metadata = try fields.decodeIfPresent([String: String?].self, forKey: .metadata) ?? [:]
        self.metadata = metadata.compactMapValues { $0 }
        checksums = try fields.decodeIfPresent(Checksums.self, forKey: .checksums)
    }
}
