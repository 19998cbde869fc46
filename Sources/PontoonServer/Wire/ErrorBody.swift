/// The JSON body of an error response, except in DRS.
///
/// It is also part of other responses, where it describes the error of one file, item or archive entry.
///
/// Source: docs/api.md#errors.
struct ErrorBody: JSONWritable {
    /// The HTTP status.
    let status: Int
    /// The platform's error code.
    let code: Int
    let message: String

    static let moreInfo = "https://docs.sevenbridges.com/docs/api-status-codes"

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("code", code)
            json.field("message", message)
            json.field("more_info", Self.moreInfo)
            json.field("status", status)
        }
    }
}
