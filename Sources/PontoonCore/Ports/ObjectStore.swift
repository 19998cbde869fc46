package import Foundation
package import NIOCore

/// The storage of the bytes: the operations of every store, regardless of the path that bytes take.
///
/// See ``ObjectStorage`` for the two kinds. `ObjectStoreContract` in `PontoonTesting` tests this protocol.
package protocol ObjectStore: ReachableStore {
    /// Preallocates space for an upload before its first byte.
    /// - Parameters:
    ///   - key: The upload's key, which becomes the object's.
    ///   - size: Declared length in bytes; if it is `nil`, nothing is preallocated.
    /// - Returns: Identifies the upload in the store in addition to its key; saved in the upload's row.
    /// - Throws: `.noRoom` if there is not enough space for the bytes or the store refuses the upload.
    @discardableResult
    func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle?
    /// Opens a finished object; the caller closes the reader.
    /// - Throws: `.fileNotFound` if there are no such bytes.
    func openObject(_ key: ObjectKey) async throws -> any ObjectReader
    /// Removes all bytes of an object or an unfinished upload; does nothing if there are none.
    func discard(_ object: ObjectReference) async throws
    /// Removes bytes that a crash left behind, of uploads without a record. A store shared by several servers keeps
    /// uploads that are so recent that their record may not be committed yet.
    /// - Parameter open: Keys of all uploads that exist.
    /// - Throws: If the store is unavailable.
    func recover(open: Set<ObjectKey>) async throws
}

/// A store whose bytes pass through this server.
///
/// `StreamingObjectStoreContract` in `PontoonTesting` tests this protocol.
package protocol StreamingObjectStore: ObjectStore {
    /// Starts to receive a part. No stored byte is overwritten before the first write.
    /// - Parameters:
    ///   - number: The part.
    ///   - upload: Its upload.
    ///   - length: Announced length in bytes; `nil` if unknown.
    ///   - expected: Checksums to compute and compare.
    /// - Returns: The writer; the caller must end it with one ``PartWriter/commit(last:recording:)`` or
    ///   ``PartWriter/abort()``.
    /// - Throws: `.uploadNotFound` if the upload is being finished.
    func openPart(
        _ number: PartNumber,
        of upload: Upload,
        length: Int64?,
        expecting expected: ExpectedChecksums
    ) async throws -> any PartWriter
    /// Removes the bytes of a part whose record was removed or replaced. Bytes in place are left to be overwritten.
    func discardPart(_ part: PartRecord, of upload: Upload) async throws
    /// Opens a stored part of an unfinished upload; the caller closes the reader.
    func readPart(_ part: PartRecord, of upload: Upload) async throws -> any ObjectReader
    /// Combines parts into one object, which is durable when this returns. Active writers are stopped first. Finishing
    /// again, after a crash or a lost response, produces the same object.
    /// - Parameters:
    ///   - upload: The upload; its key becomes the object's.
    ///   - parts: By number, without gaps; empty for an empty object.
    /// - Returns: The object.
    /// - Throws: `.storageFull` if parts must be copied and the disk is full; `.completeRefused` if bytes of a part are
    ///   missing. The upload is then unchanged.
    @discardableResult
    func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject
    /// Undoes ``finish(_:parts:)``: the upload can be completed again and its parts replaced. Does nothing if the
    /// upload was not finished.
    func revertFinish(_ key: ObjectKey) async throws
    /// Removes data that only ``revertFinish(_:)`` needs; called after the object's file is committed.
    func cleanUp(_ key: ObjectKey) async throws
}

/// A store whose bytes pass between clients and its own server, at URLs that it signs.
///
/// This server does not see parts arrive: it records the client's reports, and compares them with the store's list of
/// parts when the upload is completed.
package protocol PresignedObjectStore: ObjectStore {
    /// Smallest length in bytes of every part that is not the last.
    var minimumPartSize: Int64 { get }
    /// The request with which a client sends one part; computed from memory.
    /// - Throws: `.partUnavailable` if the upload was started in another store.
    func partRequest(for upload: Upload, part: PartNumber, now: Date) throws -> SignedRequest
    /// The request with which a client reads a whole file; computed from memory.
    func downloadRequest(for file: File, now: Date) throws -> SignedRequest
    /// Lists the stored parts of an unfinished upload.
    /// - Returns: All parts by number; one that was sent again may be listed twice. `nil` if the store no longer has
    ///   the upload: it was finished, or the store removed it.
    /// - Throws: A ``TemporaryFault`` if the store is unavailable.
    func listParts(of upload: Upload) async throws -> [ListedPart]?
    /// Combines listed parts into one object, which is durable when this returns. Finishing again, after a lost
    /// response, produces the same object.
    /// - Parameters:
    ///   - upload: The upload; its key becomes the object's.
    ///   - parts: By number; empty parts are left out, and an empty list produces an empty object.
    /// - Returns: The object.
    /// - Throws: `.completeRefused` if the store does not have the parts or does not accept them.
    @discardableResult
    func finish(_ upload: Upload, parts: [ListedPart]) async throws -> FinishedObject
    /// Finds the object that ``finish(_:parts:)`` created from an upload.
    /// - Parameters:
    ///   - upload: The upload.
    ///   - etags: Tags of the parts from which it should have been created, in order.
    /// - Returns: `nil` if there is none, or if it was created from other parts.
    /// - Throws: A ``TemporaryFault`` if the store is unavailable.
    func finishedObject(of upload: Upload, etags: [String]) async throws -> FinishedObject?
}

/// A part as a ``PresignedObjectStore`` lists it.
package struct ListedPart: Hashable, Sendable {
    package let number: PartNumber
    /// Length in bytes.
    package let size: Int64
    /// The tag in the store's own spelling, without quotes.
    package let etag: String

    package init(number: PartNumber, size: Int64, etag: String) {
        self.number = number
        self.size = size
        self.etag = etag
    }
}

/// Receives the bytes of one part; used by one task.
///
/// It ends with one call of ``commit(last:recording:)``, whether that throws or not, or of ``abort()``.
package protocol PartWriter: Sendable {
    /// The location of the bytes, for the part's record.
    var location: PartLocation { get }
    /// Appends bytes and adds them to the checksums.
    /// - Throws: `.storageFull`; `.uploadNotFound` if the upload ended in the meantime.
    func write(_ bytes: ByteBuffer) async throws
    /// Appends the last bytes, makes all of them durable, and runs `recording` before the upload can be finished.
    ///
    /// - Parameters:
    ///   - last: The last bytes; `nil` if all are written. A part passed entirely as `last` is written and synced in
    ///     one step.
    ///   - recording: Commits the part's record. While it runs, finishing the upload waits.
    /// - Returns: The result of `recording`.
    /// - Throws: The errors of ``write(_:)``, and the error of `recording`. The bytes are discarded, unless `recording`
    ///   threw an error other than a ``PontoonError``: it is then unknown whether its transaction was committed, and
    ///   the bytes must stay until the next start.
    func commit<Value>(
        last: ByteBuffer?,
        recording: (PartDigest.Result) async throws -> Value
    ) async throws -> Value
    /// Discards the written bytes.
    func abort() async
}

/// The object created from an upload.
package struct FinishedObject: Hashable, Sendable {
    /// Length in bytes.
    package let size: Int64
    /// CRC-64/NVME of all bytes; `nil` if the store does not know it.
    package let crc64: CRC64NVME?
    /// Whether ``StreamingObjectStore/cleanUp(_:)`` has something to remove.
    package let needsCleanup: Bool

    package init(size: Int64, crc64: CRC64NVME?, needsCleanup: Bool = false) {
        self.size = size
        self.crc64 = crc64
        self.needsCleanup = needsCleanup
    }
}
