/// The response body of `/healthz` and `/readyz`.
struct HealthBody: JSONWritable {
    let status: String
    /// The reason why the server is not ready, as one word; `nil` if it is ready.
    var reason: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("reason", reason)
            json.field("status", status)
        }
    }
}
