/// The garbage collector, which removes discarded objects.
///
/// The metadata store records an object as discarded in the transaction that removes the last reference to it, so a
/// crash before the bytes are deleted only delays their deletion.
package struct GarbageCollector: Sendable {
    private let metadata: any DiscardedObjectStore
    private let objects: any ObjectStore
    private static let batch = 100
    private static let maximumFailures = 1000

    package init(metadata: any DiscardedObjectStore, objects: any ObjectStore) {
        self.metadata = metadata
        self.objects = objects
    }

    /// Removes the discarded objects in batches, oldest first, except those that cannot be removed.
    ///
    /// Does nothing while a backup is running, which may still have to copy them.
    ///
    /// Does not throw, because the transaction that discarded the objects is already committed. The next maintenance
    /// run retries the remaining objects.
    ///
    /// - Returns: The errors: one for each object that cannot be removed, at most about 1,000, or that of a store.
    @discardableResult
    package func collect() async -> [any Error] {
        var errors: [any Error] = []
        // Objects that cannot be removed must not keep the collector from those that follow.
        var failed: Set<ObjectKey> = []
        do {
            while true {
                let limit = Self.batch + failed.count
                let oldest = try await metadata.discardedObjects(limit: limit)
                // In this order, so that a backup that starts after the check reads records without these objects.
                guard !oldest.isEmpty, try await !objects.isBackupRunning() else { return errors }
                var removed: [ObjectKey] = []
                for object in oldest where !failed.contains(object.key) {
                    do {
                        try await objects.discard(object)
                        removed.append(object.key)
                    } catch {
                        failed.insert(object.key)
                        errors.append(error)
                    }
                }
                if !removed.isEmpty {
                    // Otherwise a power cut could bring back bytes that no record mentions.
                    try await objects.makeDiscardsDurable()
                    try await metadata.forgetDiscarded(removed)
                }
                // If a store is unavailable, every object fails.
                guard oldest.count == limit, failed.count < Self.maximumFailures else { return errors }
            }
        } catch {
            return errors + [error]
        }
    }
}
