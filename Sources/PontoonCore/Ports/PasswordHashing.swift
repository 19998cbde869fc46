/// Password hashing with a deliberately slow function, on a separate thread.
package protocol PasswordHashing: Sendable {
    /// Hashes a password with a random salt.
    /// - Throws: `.unavailable` if too many passwords are being hashed.
    func hash(_ password: Secret) async throws -> Secret
    /// Returns whether a password matches a hash. Returns `false` for a malformed hash.
    /// - Throws: `.unavailable` if too many passwords are being hashed.
    func matches(_ password: Secret, _ hash: Secret) async throws -> Bool
}
