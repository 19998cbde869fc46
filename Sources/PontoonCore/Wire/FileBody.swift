/// A file or folder as the API shows it.
///
/// `GET /v2/files/{file_id}`; source: docs/api.md#files.
package struct FileBody: Codable, Sendable {
    /// Where the platform says a file lies.
    package struct Storage: Codable, Sendable {
        package var type = "PLATFORM"
        package var hostedOnLocations: [String] = []

        private enum CodingKeys: String, CodingKey {
            case type
            case hostedOnLocations = "hosted_on_locations"
        }
    }

    /// Extension: checksums of the whole file, as far as they are known.
    package struct Checksums: Codable, Sendable {
        /// CRC-64/NVME, 16 hex digits.
        package var crc64nvme: String?
        /// MD5, 32 hex digits; only when the client declared it and it was verified.
        package var md5: String?
    }

    package var href: String
    package var id: String
    package var name: String
    /// `/Projects/{project uuid}/{name}`; only in the answer of complete.
    package var path: String?
    /// Absent for folders.
    package var size: Int64?
    package var project: String
    package var parent: String?
    package var type: String
    package var createdOn: Timestamp
    package var modifiedOn: Timestamp
    package var storage: Storage
    package var origin: [String: String]
    package var tags: [String]
    package var metadata: [String: String]
    package var checksums: Checksums?

    private enum CodingKeys: String, CodingKey {
        case href, id, name, path, size, project, parent, type, storage, origin, tags, metadata, checksums
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }

    /// Names of the fields that a list shows unless others are asked for.
    package static let listFields = ["href", "id", "name", "project", "parent", "type"]

    /// Shows a file.
    package init(_ file: File, base: BaseURL) {
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
