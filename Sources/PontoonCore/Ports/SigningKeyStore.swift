package import PontoonFoundation

/// Storage of the keys that sign data-plane URLs.
package protocol SigningKeyStore: Sendable {
    /// Returns all keys, newest first.
    func signingKeys() async throws -> [SigningKey]
    func addSigningKey(_ key: SigningKey) async throws
    /// Deletes the keys that were created before a time, except the newest key.
    func pruneSigningKeys(before time: Date) async throws
}
