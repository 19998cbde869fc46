/// The garbage collector, which removes discarded objects.
///
/// The metadata store records an object as discarded in the transaction that removes the last reference to it, so a
/// crash before the bytes are deleted only delays their deletion.
package struct GarbageCollector: Sendable {
    private let metadata: any DiscardedObjectStore
    private let objects: any ObjectStore
    private static let batch = 100

    package init(metadata: any DiscardedObjectStore, objects: any ObjectStore) {
        self.metadata = metadata
        self.objects = objects
    }

    /// Removes all discarded objects, unless a backup is running, which may still have to copy them.
    ///
    /// Does not throw, because the transaction that discarded the objects is already committed. The next maintenance
    /// run retries objects that could not be removed.
    ///
    /// - Returns: The errors, one for each object that could not be removed.
    @discardableResult
    package func collect() async -> [any Error] {
        var errors: [any Error] = []
        do {
            while true {
                let discarded = try await metadata.discardedObjects(limit: Self.batch)
                // In this order, so that a backup that starts after the check reads records without these objects.
                guard !discarded.isEmpty, try await !objects.isBackupRunning() else { return errors }
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
                // Otherwise a power cut could bring back bytes that no record mentions.
                try await objects.makeDiscardsDurable()
                try await metadata.forgetDiscarded(removed)
            }
        } catch {
            return errors + [error]
        }
    }
}
