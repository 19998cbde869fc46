import PontoonCore

/// What became of many files.
///
/// `POST /v2/bulk/files/…`; source: docs/api.md#bulk-calls.
struct BulkBody: Encodable, Sendable {
    /// In the order of the request.
    var items: [BulkItemBody]

    /// Joins the fields.
    init(items: [BulkItemBody]) { self.items = items }
}

/// What became of one file of many: `{"resource": …}` or `{"error": …}`.
enum BulkItemBody: Encodable, Sendable {
    /// The file; an empty object when it was deleted.
    case resource(JSONValue)
    /// Why nothing was done.
    case error(ErrorBody)

    private enum CodingKeys: String, CodingKey { case resource, error }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .resource(let value): try container.encode(value, forKey: .resource)
        case .error(let body): try container.encode(body, forKey: .error)
        }
    }
}

/// What became of one file of a copy of many.
///
/// `POST /v2/action/files/copy`; source: docs/api.md#copy-many-files.
struct CopyResultBody: Codable, Sendable {
    /// `OK`, or `ERROR` with ``code`` and ``message``.
    var status: String
    var newFileID: String?
    var newFileName: String?
    /// The platform's code.
    var code: Int?
    var message: String?
    /// URL of a page about the codes.
    var moreInfo: String?

    private enum CodingKeys: String, CodingKey {
        case status, code, message
        case newFileID = "new_file_id"
        case newFileName = "new_file_name"
        case moreInfo = "more_info"
    }

    /// Shows a copy.
    init(_ file: File) {
        status = "OK"
        newFileID = file.id
        newFileName = file.name
    }

    /// Says why there is none.
    init(_ error: ErrorBody) {
        status = "ERROR"
        code = error.code
        message = error.message
        moreInfo = error.moreInfo
    }
}
