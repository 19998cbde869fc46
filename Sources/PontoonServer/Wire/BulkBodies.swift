import PontoonCore

/// The JSON body with the results of a bulk call.
///
/// `POST /v2/bulk/files/…`; source: docs/api.md#bulk-calls.
struct BulkBody: JSONWritable {
    /// The result for one file: `{"resource": …}` or `{"error": …}`.
    enum Item: Sendable {
        case file(FileBody)
        /// A deleted file, represented by an empty object.
        case deleted
        case error(ErrorBody)
    }

    /// The results, in request order.
    let items: [Item]
    /// The fields of each file to include.
    let fields: FieldSelection

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.array("items", items) { json, item in
                json.object { json in
                    switch item {
                    case .file(let body): json.field("resource", body, fields: fields)
                    case .deleted: json.field("resource", JSONValue.object([:]))
                    case .error(let body): json.field("error", body)
                    }
                }
            }
        }
    }
}

/// The JSON object with the result for one file, in the response to a call that copies many files.
///
/// `POST /v2/action/files/copy`; source: docs/api.md#copy-many-files.
enum CopyResultBody: JSONWritable {
    case copied(File)
    case failed(ErrorBody)

    func write(to json: inout JSONWriter) {
        json.object { json in
            switch self {
            case .copied(let file):
                json.field("new_file_id", file.id)
                json.field("new_file_name", file.name)
                json.field("status", "OK")
            case .failed(let error):
                json.field("code", error.code)
                json.field("message", error.message)
                json.field("more_info", ErrorBody.moreInfo)
                json.field("status", "ERROR")
            }
        }
    }
}
