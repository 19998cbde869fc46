package import PontoonCore

extension S3ObjectStore: ScrubSource {
    /// Opens an object; a store has no cache that could be ignored.
    package func openForScrub(_ key: ObjectKey, ignoringCache: Bool) async throws -> any ObjectReader {
        try await openObject(key)
    }

    package func confirmPresence() async throws { try await ping() }
}
