/// Removes the bytes of objects that nothing refers to any more.
///
/// The store notes each such object in the transaction that drops its last use, so a crash before the bytes are gone only
/// delays their removal.
package struct GarbageCollector: Sendable {
    private let metadata: any MetadataStore
    private let objects: any ObjectStore
    private static let batch = 100

    /// Works on two stores.
    package init(metadata: any MetadataStore, objects: any ObjectStore) {
        self.metadata = metadata
        self.objects = objects
    }

    /// Removes all that is discarded now.
    package func collect() async throws {
        while true {
            let keys = try await metadata.discardedObjects(limit: Self.batch)
            guard !keys.isEmpty else { return }
            for key in keys { try await objects.discard(key) }
            try await metadata.forgetDiscarded(keys)
        }
    }
}
