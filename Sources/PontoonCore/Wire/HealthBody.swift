/// What `/healthz` and `/readyz` answer.
package struct HealthBody: Encodable, Sendable {
    /// One word.
    package let status: String
    /// What is in the way, one word.
    package let reason: String?

    /// Joins the fields.
    package init(status: String, reason: String? = nil) {
        self.status = status
        self.reason = reason
    }
}
