/// Password hashing with a deliberately slow function, on a separate thread.
package protocol PasswordHashing: Sendable {
    /// Hashes a password with a random salt, which is part of the result.
    ///
    /// - Throws: `.unavailable` if too many passwords are being hashed.
    func hash(_ password: Secret) async throws -> Secret
    /// Returns whether a password matches a result of ``hash(_:)``; `false` if `hash` is malformed.
    ///
    /// - Throws: `.unavailable` if too many passwords are being hashed.
    func matches(_ password: Secret, _ hash: Secret) async throws -> Bool
}
