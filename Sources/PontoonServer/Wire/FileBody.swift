import PontoonCore

/// A file or folder as the API shows it.
///
/// `GET /v2/files/{file_id}`; source: docs/api.md#files.
struct FileBody: Codable, Sendable {
    /// Where the platform says a file lies.
    struct Storage: Codable, Sendable {
        var type = "PLATFORM"
        var hostedOnLocations: [String] = []

        private enum CodingKeys: String, CodingKey {
            case type
            case hostedOnLocations = "hosted_on_locations"
        }
    }

    /// Extension: checksums of the whole file, as far as they are known.
    struct Checksums: Codable, Sendable {
        /// CRC-64/NVME, 16 hex digits.
        var crc64nvme: String?
        /// MD5, 32 hex digits; only when the client declared it and it was verified.
        var md5: String?
    }

    var href: String
    var id: String
    var name: String
    /// `/Projects/{project uuid}/{name}`; only in the answer of complete.
    var path: String?
    /// Absent for folders.
    var size: Int64?
    var project: String
    var parent: String?
    var type: String
    var createdOn: Timestamp
    var modifiedOn: Timestamp
    var storage: Storage
    var origin: [String: String]
    var tags: [String]
    var metadata: [String: String]
    var checksums: Checksums?

    private enum CodingKeys: String, CodingKey {
        case href, id, name, path, size, project, parent, type, storage, origin, tags, metadata, checksums
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }

    /// Names of the fields that a list shows unless others are asked for.
    static let listFields = ["href", "id", "name", "project", "parent", "type"]

    /// Shows a file.
    init(_ file: File, base: BaseURL) {
        href = "\(base.api)/files/\(file.id)"
        id = file.id
        name = file.name
        size = file.content?.size
        project = file.project.description
        parent = file.parent
        type = file.kind.rawValue
        createdOn = Timestamp(file.createdOn)
        modifiedOn = Timestamp(file.modifiedOn)
        storage = Storage()
        origin = [:]
        tags = file.tags
        metadata = file.metadata
        checksums = file.content.map { Checksums(crc64nvme: $0.crc64?.hex, md5: $0.md5) }
    }
}
