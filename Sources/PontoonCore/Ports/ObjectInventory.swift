package import PontoonFoundation

/// The contents of an object store, to be compared with the records.
///
/// The contents may change at any time, because a server may be using the store.
package protocol ObjectInventory: Sendable {
    /// Returns the length of a finished object in bytes; `nil` if the object does not exist.
    func storedSize(_ key: ObjectKey) async throws -> Int64?
    /// Passes the store's entries to `body`: finished objects, unfinished uploads and unknown files, in no particular
    /// order.
    ///
    /// Entries that are added or removed during the call may or may not be passed. Incomplete files of objects that are
    /// being stored in one call are omitted. A bucket may contain objects of other programs, so objects with names that
    /// Pontoon does not use are omitted there.
    ///
    /// - Parameter body: Receives from 1 to ``StoredEntry/pageSize`` entries at a time.
    /// - Throws: An error if the store is unavailable; the errors of `body`.
    func forEachEntry(_ body: ([StoredEntry]) async throws -> Void) async throws
}

/// An entry of an object store: a finished object, an unfinished upload or one of its files, or an unknown file.
package struct StoredEntry: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// A finished object.
        case object(ObjectKey)
        /// An unfinished upload, or one of the files that belong to it.
        case upload(ObjectReference)
        /// A file that the store did not create, according to its name and directory.
        case unknown
    }

    /// Maximum number of entries that ``ObjectInventory/forEachEntry(_:)`` passes at a time.
    package static let pageSize = 1000

    package let content: Content
    /// Path of the file relative to the store's directory, or name in the bucket.
    ///
    /// Shown in messages. It also identifies the entry in a later listing, so it must be the same in every listing.
    package let name: String
    /// Length in bytes, for a directory of detached parts their total; `nil` for a multipart upload of a bucket.
    package let size: Int64?
    /// Time of the last change; for a multipart upload of a bucket, the time at which it was started.
    package let changedOn: Date

    package init(_ content: Content, name: String, size: Int64?, changedOn: Date) {
        self.content = content
        self.name = name
        self.size = size
        self.changedOn = changedOn
    }

    /// The object or upload; `nil` for an unknown file.
    package var object: ObjectReference? {
        switch content {
        case .object(let key): ObjectReference(key: key)
        case .upload(let upload): upload
        case .unknown: nil
        }
    }
}
