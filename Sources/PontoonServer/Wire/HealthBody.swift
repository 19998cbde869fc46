/// The response body of `/healthz` and `/readyz`.
struct HealthBody: JSONWritable {
    let status: String
    /// The reason why the server is not ready, as one word; `nil` if it is ready.
    var reason: String?
    /// Whether the server refuses calls that change anything; shown only if it does.
    var isReadOnly = false

    func write(to json: inout JSONWriter) {
        json.object { json in
            if isReadOnly { json.field("read_only", true) }
            json.field("reason", reason)
            json.field("status", status)
        }
    }
}
