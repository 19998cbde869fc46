package import PontoonFoundation

/// Storage of the keys that sign data-plane URLs.
package protocol SigningKeyStore: Sendable {
    /// Returns all keys, newest first.
    func signingKeys() async throws -> [SigningKey]
    func addSigningKey(_ key: SigningKey) async throws
    /// Deletes keys created before a time, but never the newest key.
    func pruneSigningKeys(before time: Date) async throws
}
