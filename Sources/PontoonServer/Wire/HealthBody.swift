/// The response body of `/healthz` and `/readyz`.
struct HealthBody: JSONWritable {
    let status: String
    /// One word that says why the server is not ready; `nil` if it is ready.
    var reason: String?
    /// Whether the response says that the server is in read-only mode; if `false`, the field is omitted.
    var isReadOnly = false

    func write(to json: inout JSONWriter) {
        json.object { json in
            if isReadOnly { json.field("read_only", true) }
            json.field("reason", reason)
            json.field("status", status)
        }
    }
}
