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

    /// Removes the discarded objects, oldest first, and skips those that cannot be removed.
    ///
    /// Stops if a backup is running, because the backup may still have to copy discarded objects.
    ///
    /// Does not throw, because the transaction that discarded the objects is already committed. The next call, at the
    /// latest by maintenance, retries the remaining objects.
    ///
    /// - Returns: One error for each object that could not be removed, at most about 1,000, followed by the error that
    ///   ended the call, if any.
    @discardableResult
    package func collect() async -> [any Error] {
        var errors: [any Error] = []
        // Objects that cannot be removed are skipped, so that they do not block the objects after them.
        var failed: Set<ObjectKey> = []
        do {
            while true {
                let limit = Self.batch + failed.count
                let oldest = try await metadata.discardedObjects(limit: limit)
                // Checked after the query: a backup that starts later reads records that no longer use these objects.
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
                    // Must precede the removal of the records; otherwise, bytes without a record could reappear after a
                    // power cut.
                    try await objects.makeDiscardsDurable()
                    try await metadata.forgetDiscarded(removed)
                }
                // Stops after many failures, because every object fails if a store is unavailable.
                guard oldest.count == limit, failed.count < Self.maximumFailures else { return errors }
            }
        } catch {
            return errors + [error]
        }
    }
}
