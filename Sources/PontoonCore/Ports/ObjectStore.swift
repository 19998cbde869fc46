package import PontoonFoundation
package import NIOCore

/// Storage of bytes, with the operations that streaming and presigned object stores have in common.
///
/// See ``ObjectStorage`` for the two kinds. `ObjectStoreContract` in `PontoonTesting` tests this protocol.
package protocol ObjectStore: ReachableStore, ObjectInventory {
    /// Prepares the store for a new upload: creates and preallocates its file on disk, or creates a multipart upload in
    /// the bucket.
    ///
    /// - Parameters:
    ///   - key: Key of the upload and of the later object.
    ///   - size: Declared length in bytes; `nil` if unknown, in which case nothing is preallocated.
    /// - Returns: The handle to save in the upload's row; `nil` if the key is sufficient to find the upload.
    /// - Throws: `.noRoom` if there is not enough free space for the declared length, or a bucket refuses the upload;
    ///   an error if the store is unavailable.
    @discardableResult
    func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle?
    /// Opens a finished object; the caller closes the reader.
    ///
    /// - Throws: `.fileNotFound` if the object does not exist; `.completeRefused` if a bucket refuses the request; an
    ///   error if the store is unavailable.
    func openObject(_ key: ObjectKey) async throws -> any ObjectReader
    /// Removes all bytes of an object or an unfinished upload. Does nothing if there are none.
    ///
    /// A power cut may bring a finished object back until ``makeDiscardsDurable()`` has returned, and the files of an
    /// unfinished upload until ``recover(comparingWith:)`` removes them again.
    func discard(_ object: ObjectReference) async throws
    /// Makes the removal of all finished objects that were discarded so far durable.
    func makeDiscardsDurable() async throws
    /// Returns whether discarded objects must be kept for now, because a running backup may copy them; always `false`
    /// if the store has no backups.
    ///
    /// A backup locks the store before it reads the records. If this method returns `false`, objects that were
    /// discarded before the call may therefore be removed, because no later backup copies them.
    func isBackupRunning() async throws -> Bool
    /// Removes orphans that a crash has left: the data of uploads that are not recorded as unfinished and, in a bucket,
    /// also empty objects without a record.
    ///
    /// Never removes a finished object that contains bytes: its record may be missing merely because the database was
    /// restored from an old backup. A bucket, which several servers may share, also keeps recent orphans, because their
    /// records may not have been committed yet.
    ///
    /// - Parameter records: The records with which the stored data is compared.
    /// - Throws: An error if this store or the records are unavailable.
    func recover(comparingWith records: any ObjectRecords) async throws
}

extension ObjectStore {
    package func isBackupRunning() async throws -> Bool { false }
}

/// A store whose bytes pass through this server.
///
/// `StreamingObjectStoreContract` in `PontoonTesting` tests this protocol.
package protocol StreamingObjectStore: ObjectStore {
    /// Opens a writer for a part. Overwrites no stored byte before the first write.
    ///
    /// - Parameters:
    ///   - number: The part.
    ///   - upload: The upload to which the part belongs.
    ///   - length: Announced length in bytes; `nil` if unknown, in which case the part is stored as a detached part.
    ///   - expected: Checksums to compare with those of the written bytes.
    /// - Returns: The writer, which the caller must end with exactly one call to ``PartWriter/commit(last:recording:)``
    ///   or ``PartWriter/abort()``.
    /// - Throws: An error if the store is unavailable.
    func openPart(
        _ number: PartNumber,
        of upload: Upload,
        length: Int64?,
        expecting expected: ExpectedChecksums
    ) async throws -> any PartWriter
    /// Removes the file of a detached part whose record was removed or replaced. Does nothing for an in-place part,
    /// whose bytes remain until they are overwritten.
    func discardPart(_ part: PartRecord, of upload: Upload) async throws
    /// Frees the space that is preallocated for parts of an upload that are not stored yet. The upload can continue,
    /// but the disk may be full when those parts arrive. Does nothing if the upload has no declared size, or while one
    /// of its parts is being written in place.
    ///
    /// - Parameters:
    ///   - upload: The upload.
    ///   - storedParts: Returns the records of all stored parts, after waiting for records that are being committed, or
    ///     `nil` to free nothing, for example because the upload is no longer active. While it runs, no part can be
    ///     written in place.
    /// - Throws: The errors of `storedParts`.
    func freeUnusedSpace(
        of upload: Upload,
        storedParts: () async throws -> [PartRecord]?
    ) async throws
    /// Opens a stored part of an unfinished upload; the caller closes the reader.
    func readPart(_ part: PartRecord, of upload: Upload) async throws -> any ObjectReader
    /// Combines parts into one object, which is durable when this returns. First stops the active writers of the
    /// upload. Finishing again, after a crash or a lost response, produces the same object.
    ///
    /// - Parameters:
    ///   - upload: The upload, whose key becomes the key of the object.
    ///   - parts: The parts, ordered by number and without gaps; none for an empty object.
    /// - Returns: The object.
    /// - Throws: `.storageFull` if parts must be copied and the disk is full; `.completeRefused` if bytes of a part are
    ///   missing. In both cases, the upload can continue.
    @discardableResult
    func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject
    /// Undoes ``finish(_:parts:)``, so that parts can be replaced and the upload can be completed again. Does nothing
    /// if the upload was not finished.
    func revertFinish(_ key: ObjectKey) async throws
    /// Removes all data of an upload except its finished object. Call this only after the file has been committed or
    /// the upload's record has been deleted, because ``revertFinish(_:)`` needs this data.
    func cleanUp(_ key: ObjectKey) async throws
    /// Opens a writer for a new object that is stored in one call, without an upload. The object is unconfirmed until
    /// ``confirm(_:)`` or ``removeUnconfirmed(_:)`` is called, or the writer has removed it.
    ///
    /// - Parameters:
    ///   - key: A new key.
    ///   - expected: Checksums to compare with those of the written bytes.
    /// - Returns: The writer, which the caller must end with exactly one call to
    ///   ``ObjectWriter/commit(last:recording:)`` or ``ObjectWriter/abort()``.
    func openWriter(of key: ObjectKey, expecting expected: ExpectedChecksums) -> any ObjectWriter
    /// Stores new objects whose bytes are in memory. The objects of one call share disk syncs. Each is unconfirmed
    /// until ``confirm(_:)`` or ``removeUnconfirmed(_:)`` is called.
    ///
    /// - Returns: For each object, the length and checksum of its durable bytes, or `.checksumMismatch` if it was not
    ///   stored.
    /// - Throws: `.storageFull`, or an error if the store is unavailable. In this case, the objects of the call are
    ///   removed, at the latest by the next start.
    func createObjects(_ objects: [NewObject]) async throws -> [Result<PartDigest.Result, PontoonError>]
    /// Removes unconfirmed objects that have no record. Ignores errors, because the next start removes any objects that
    /// remain.
    func removeUnconfirmed(_ keys: [ObjectKey]) async
    /// Returns the keys of all unconfirmed objects, including those that are being stored. After a crash or an error,
    /// some of them may have no record.
    func unconfirmedObjects() async throws -> [ObjectKey]
    /// Confirms objects, so that ``unconfirmedObjects()`` no longer returns them. Each object must have been recorded,
    /// either as the object of a file or as discarded.
    func confirm(_ keys: [ObjectKey]) async throws
    /// Returns the space in bytes that uploads may still use, 0 or more; `nil` if the file system does not report its
    /// free space.
    func availableSpace() async throws -> Int64?
}

/// A store to which clients send bytes directly, at presigned URLs.
///
/// This server does not see parts arrive. It records the client's reports, and compares them with the store's list of
/// parts when the upload is completed.
package protocol PresignedObjectStore: ObjectStore {
    /// The origin (scheme, host and port) of the URLs that clients receive.
    var clientOrigin: String { get }
    /// Minimum length in bytes of every part but the last.
    var minimumPartSize: Int64 { get }
    /// Returns the request with which a client sends one part; performs no I/O.
    ///
    /// - Throws: `.partUnavailable` if the upload was started in another store.
    func partRequest(for upload: Upload, part: PartNumber, now: Date) throws -> SignedRequest
    /// Returns the request with which a client reads a whole file; performs no I/O.
    ///
    /// - Throws: `.folderNotDownloadable` for a folder.
    func downloadRequest(for file: File, now: Date) throws -> SignedRequest
    /// Lists the stored parts of an unfinished upload.
    ///
    /// - Returns: All parts, ordered by number; `nil` if the store does not have the upload, because it was finished,
    ///   removed or started in another store. A part that was sent again may be listed twice.
    /// - Throws: `.completeRefused` if the store refuses the request; a ``TemporaryError`` if it is unavailable.
    func listParts(of upload: Upload) async throws -> [ListedPart]?
    /// Returns the time at which the most recent part of an unfinished upload was stored, by the store's clock.
    ///
    /// - Returns: `nil` if the store has no parts of the upload or does not have the upload.
    /// - Throws: A ``TemporaryError`` if the store is unavailable; another error if it refuses the request.
    func timeOfLastPart(of upload: Upload) async throws -> Date?
    /// Combines listed parts into one object, which is durable when this returns. Finishing again, after a lost
    /// response, returns the same object.
    ///
    /// - Parameters:
    ///   - upload: The upload, whose key becomes the key of the object.
    ///   - parts: The parts, ordered by number. At least one is not empty; the empty ones are omitted.
    /// - Returns: The object.
    /// - Throws: `.completeRefused` if the store does not have the parts, does not accept them or refuses the request;
    ///   a ``TemporaryError`` if it is unavailable.
    @discardableResult
    func finish(_ upload: Upload, parts: [ListedPart]) async throws -> FinishedObject
    /// Creates an empty object, which is durable when this returns.
    ///
    /// - Parameter key: A key from ``ObjectKey/randomForEmptyObject()`` that is used for one attempt only. The upload's
    ///   own key must not be used: unlike ``finish(_:parts:)``, which never changes a finished object, this call could
    ///   replace the object of another server that has taken over the completion.
    /// - Returns: The object.
    /// - Throws: `.completeRefused` if the store does not accept the object; a ``TemporaryError`` if it is unavailable.
    @discardableResult
    func createEmptyObject(_ key: ObjectKey) async throws -> FinishedObject
    /// Creates an object in one request; it is durable when this returns.
    ///
    /// - Parameters:
    ///   - key: A new key. Must be leased, because the bucket may carry out a request even if its response is lost.
    ///   - bytes: All bytes of the object.
    ///   - crc64: Checksum of `bytes`, which the store verifies if it can.
    /// - Throws: `.noRoom` if the store refuses the object; a ``TemporaryError`` if it is unavailable.
    func createObject(_ key: ObjectKey, bytes: ByteBuffer, crc64: CRC64NVME) async throws
    /// Finds the object that ``finish(_:parts:)`` created from an upload, for example before a crash.
    ///
    /// - Parameters:
    ///   - upload: The upload.
    ///   - etags: ETags of the parts that the object must consist of, in order.
    /// - Returns: The object; `nil` if it does not exist, or was not created from this upload and, if the store's ETags
    ///   show this, these parts.
    /// - Throws: `.completeRefused` if the store refuses the request; a ``TemporaryError`` if it is unavailable.
    func finishedObject(of upload: Upload, etags: [String]) async throws -> FinishedObject?
}

/// A new object of a streaming store, with all its bytes.
package struct NewObject: Sendable {
    package let key: ObjectKey
    package let bytes: ByteBuffer
    /// Checksums to compare with those of ``bytes``.
    package let expected: ExpectedChecksums

    package init(key: ObjectKey, bytes: ByteBuffer, expecting expected: ExpectedChecksums = ExpectedChecksums()) {
        self.key = key
        self.bytes = bytes
        self.expected = expected
    }
}

/// A part as listed by a ``PresignedObjectStore``.
package struct ListedPart: Hashable, Sendable {
    package let number: PartNumber
    /// Length in bytes.
    package let size: Int64
    /// The ETag as returned by the store, without quotes.
    package let etag: String

    package init(number: PartNumber, size: Int64, etag: String) {
        self.number = number
        self.size = size
        self.etag = etag
    }
}

/// A writer for the bytes of one part.
///
/// Only one task may use the writer at a time. It must not be used after the first call to ``commit(last:recording:)``,
/// even if that throws, or to ``abort()``.
package protocol PartWriter: Sendable {
    /// The location of the bytes, for the part's record.
    var location: PartLocation { get }
    /// Appends bytes and adds them to the checksums.
    ///
    /// - Throws: `.storageFull`; `.uploadNotFound` if the upload was completed or aborted in the meantime; an error if
    ///   the store is unavailable.
    func write(_ bytes: ByteBuffer) async throws
    /// Appends the last bytes, makes all bytes of the part durable, and then runs `recording`.
    ///
    /// - Parameters:
    ///   - last: The last bytes; `nil` if all bytes have been written. A part that is passed as a whole is written and
    ///     synced in one step.
    ///   - recording: Compares the checksums, and commits the part's record. While it runs, the upload cannot be
    ///     finished.
    /// - Returns: The result of `recording`.
    /// - Throws: The errors of ``write(_:)`` and of `recording`. The bytes are discarded, unless `recording` threw an
    ///   error other than a ``PontoonError``: its transaction may then have been committed, so the bytes are kept until
    ///   the upload ends.
    func commit<Value>(
        last: ByteBuffer?,
        recording: (PartDigest.Result) async throws -> Value
    ) async throws -> Value
    /// Discards the written bytes.
    func abort() async
}

/// The properties of an object that was created from an upload, or imported from another store.
package struct FinishedObject: Hashable, Sendable {
    /// Length of the object in bytes.
    package let size: Int64
    /// CRC-64/NVME of all bytes; `nil` if the store does not know it.
    package let crc64: CRC64NVME?
    /// Whether data of the upload remains, which ``StreamingObjectStore/cleanUp(_:)`` must remove.
    package let needsCleanup: Bool

    package init(size: Int64, crc64: CRC64NVME?, needsCleanup: Bool = false) {
        self.size = size
        self.crc64 = crc64
        self.needsCleanup = needsCleanup
    }
}
