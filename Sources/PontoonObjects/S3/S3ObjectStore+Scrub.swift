package import PontoonCore

extension S3ObjectStore: ScrubSource {
    /// Opens an object like ``openObject(_:)``; `ignoringCache` has no effect, because S3 does not let clients bypass
    /// caches.
    package func openForScrub(_ key: ObjectKey, ignoringCache: Bool) async throws -> any ObjectReader {
        try await openObject(key)
    }

    package func confirmPresence() async throws { try await ping() }
}
