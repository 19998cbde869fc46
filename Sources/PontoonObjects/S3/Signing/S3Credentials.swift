package import PontoonCore

/// The credentials that sign requests to an S3 store.
package struct S3Credentials: Hashable, Sendable {
    /// Id of the access key; not a secret, but must not be logged.
    package let accessKeyID: String
    package let secretAccessKey: Secret
    /// Session token of temporary credentials; `nil` for permanent ones.
    package let sessionToken: Secret?

    package init(accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}
