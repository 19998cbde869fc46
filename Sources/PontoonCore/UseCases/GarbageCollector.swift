/// Removes the bytes of objects that nothing refers to any more.
///
/// The store notes each such object in the transaction that drops its last use, so a crash before the bytes are gone only
/// delays their removal.
package struct GarbageCollector: Sendable {
    private let metadata: any DiscardedObjectStore
    private let objects: any ObjectStore
    private static let batch = 100

    /// Works on two stores.
    package init(metadata: any DiscardedObjectStore, objects: any ObjectStore) {
        self.metadata = metadata
        self.objects = objects
    }

    /// Removes all that is discarded now.
    ///
    /// The call that discarded it has been committed and does not fail because of this; what could not be removed is tried
    /// again by the next round.
    ///
    /// - Returns: Why some objects are still there.
    @discardableResult
    package func collect() async -> [any Error] {
        var errors: [any Error] = []
        do {
            while true {
                let discarded = try await metadata.discardedObjects(limit: Self.batch)
                var removed: [ObjectKey] = []
                for object in discarded {
                    do {
                        try await objects.discard(object)
                        removed.append(object.key)
                    } catch {
                        errors.append(error)
                    }
                }
                guard !removed.isEmpty else { return errors }
                try await metadata.forgetDiscarded(removed)
            }
        } catch {
            return errors + [error]
        }
    }
}
