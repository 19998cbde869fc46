/// The response of `/healthz` and `/readyz`.
struct HealthBody: JSONWritable {
    let status: String
    /// Why the server is not ready, one word.
    var reason: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("reason", reason)
            json.field("status", status)
        }
    }
}
