package import PontoonCore

extension S3ObjectStore: ScrubSource {
    /// Opens an object; `ignoringCache` has no effect, because S3 has no cache that a client can bypass.
    package func openForScrub(_ key: ObjectKey, ignoringCache: Bool) async throws -> any ObjectReader {
        try await openObject(key)
    }

    package func confirmPresence() async throws { try await ping() }
}
