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

    /// Removes the discarded objects in batches, oldest first, until none are left or none of a batch can be removed.
    ///
    /// Does not throw, because the transaction that discarded the objects is already committed. The next maintenance
    /// run retries the remaining objects.
    ///
    /// - Returns: The errors; an object that cannot be removed may cause more than one.
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
                // Otherwise a power cut could bring back bytes that no record mentions.
                try await objects.makeDiscardsDurable()
                try await metadata.forgetDiscarded(removed)
            }
        } catch {
            return errors + [error]
        }
    }
}
