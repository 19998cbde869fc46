import PontoonCore

/// The JSON body that describes an archive of a folder.
///
/// `GET /v2/files/{file_id}/archive_info`; source: docs/api.md#folder-downloads.
struct FolderArchiveBody: JSONWritable {
    let listing: FolderListing
    let url: String

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("entries", listing.entries)
            json.field("format", listing.format.rawValue)
            json.field("name", listing.name)
            json.field("size", listing.size)
            json.field("url", url)
        }
    }
}
