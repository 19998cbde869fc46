import PontoonCore

/// The JSON body that describes a file or folder.
///
/// `GET /v2/files/{file_id}`; source: docs/api.md#files.
struct FileBody: JSONWritable {
    /// The fields that a list includes by default.
    static let listFields = ["href", "id", "name", "project", "parent", "type"]

    let file: File
    let base: BaseURL
    /// The path `/Projects/{project uuid}/{name}`; only in the response to a file put or to a user who completes an
    /// upload.
    var path: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            // Always empty, because only tasks of the platform set it. Without the field, the Python client would load
            // the file again.
            json.field("_secondary_files", [String]())
            json.field("checksums", file.content.map { Checksums(content: $0) })
            json.field("created_on", Timestamp(file.createdOn))
            json.field("href", "\(base.api)/files/\(file.id)")
            json.field("id", file.id)
            json.field("metadata", file.metadata)
            json.field("modified_on", Timestamp(file.modifiedOn))
            json.field("name", file.name)
            json.field("origin", [String: String]())
            json.field("parent", file.parent)
            json.field("path", path)
            json.field("project", file.project.description)
            json.field("size", file.content?.size)
            json.field("storage", Storage())
            json.field("tags", file.tags)
            json.field("type", file.kind.rawValue)
        }
    }

    /// Extension: the stored checksums of the whole file, and the result of the last check of its bytes.
    struct Checksums: JSONWritable {
        let content: FileContent

        /// The result of the last check of the stored bytes; `nil` if they have not been checked.
        private var state: String? {
            switch content.verification.damage {
            case .missing: "missing"
            case .length, .checksum, .unreadable: "damaged"
            case nil: content.verification.verifiedOn.map { _ in "verified" }
            }
        }

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("crc64nvme", content.crc64?.hex)
                // Present only if the client declared an MD5, which was compared with the bytes before the file was
                // created.
                json.field("md5", content.md5)
                json.field("state", state)
                json.field("verification_requested_on", content.verification.requestedOn.map(Timestamp.init))
                json.field("verified_on", content.verification.verifiedOn.map(Timestamp.init))
            }
        }
    }

    private struct Storage: JSONWritable {
        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("hosted_on_locations", [String]())
                json.field("type", "PLATFORM")
            }
        }
    }
}
