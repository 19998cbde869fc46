package import Foundation

/// Keys that sign data-plane URLs.
package protocol SigningKeyStore: Sendable {
    /// All keys, newest first.
    func signingKeys() async throws -> [SigningKey]
    func addSigningKey(_ key: SigningKey) async throws
    /// Deletes keys created before a time, but never the newest.
    func pruneSigningKeys(before time: Date) async throws
}
