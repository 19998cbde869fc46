package import PontoonFoundation

/// A source of totals over all records of a store, for monitoring.
package protocol StoreTotalsSource: Sendable {
    /// Computes the totals. May read every row, so it must not be called for every request.
    func storeTotals() async throws -> StoreTotals
}

/// Totals over all records of a store.
package struct StoreTotals: Hashable, Sendable {
    /// Number of objects in use; copies of a file share one.
    package var objects: Int64 = 0
    /// Total size of the objects in use, in bytes.
    package var bytes: Int64 = 0
    /// Number of unfinished uploads, including those of code packages.
    package var openUploads: Int64 = 0
    /// Total declared size of the unfinished uploads in bytes; an upload without a declared size counts as 0.
    package var openUploadBytes: Int64 = 0
    /// Number of bytes that unfinished uploads to projects have reserved, which count towards quotas.
    package var reservedBytes: Int64 = 0
    /// Number of discarded objects, whose bytes have yet to be removed.
    package var discardedObjects: Int64 = 0
    /// Number of objects in which the last check found damage.
    package var damagedObjects: Int64 = 0
    /// Time of the oldest event whose delivery is being retried; `nil` if there is none.
    ///
    /// Webhooks that are disabled or suspended do not count, because nothing is sent to their receivers.
    package var oldestUndelivered: Date?

    package init() {}
}
