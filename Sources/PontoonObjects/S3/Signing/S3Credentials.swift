package import PontoonCore

/// What calls to the S3 store are signed with.
package struct S3Credentials: Hashable, Sendable {
    /// Name of the key; not secret, but nobody's business either.
    package let accessKeyID: String
    /// The key.
    package let secretAccessKey: Secret
    /// Comes with a key that was lent for some hours.
    package let sessionToken: Secret?

    /// Joins the fields.
    package init(accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}
