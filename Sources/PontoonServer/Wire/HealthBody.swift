import PontoonCore

/// What `/healthz` and `/readyz` answer.
struct HealthBody: Encodable, Sendable {
    /// One word.
    let status: String
    /// What is in the way, one word.
    let reason: String?

    /// Joins the fields.
    init(status: String, reason: String? = nil) {
        self.status = status
        self.reason = reason
    }
}
