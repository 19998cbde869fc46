package import Foundation
package import NIOCore

/// Where the bytes are stored: what every store offers, whichever way bytes reach it.
///
/// See ``ObjectStorage`` for the two kinds. `ObjectStoreContract` in `PontoonTesting` tests this page.
package protocol ObjectStore: ReachableStore {
    /// Preallocates space for an upload before its first byte.
    /// - Parameters:
    ///   - key: The upload's key, which becomes the object's.
    ///   - size: Declared length in bytes; `nil` when unknown; then nothing is preallocated.
    /// - Returns: What identifies the upload in the store besides its key; the upload's row keeps it.
    /// - Throws: `.noRoom` when the bytes would not fit or the store refuses the upload.
    @discardableResult
    func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle?
    /// Opens a finished object; the caller closes the reader.
    /// - Throws: `.fileNotFound` when there are no such bytes.
    func openObject(_ key: ObjectKey) async throws -> any ObjectReader
    /// Removes all bytes of an object or an unfinished upload; does nothing when there are none.
    func discard(_ object: ObjectReference) async throws
    /// Removes what a crash left behind: bytes of uploads that no record names. A store that several servers share spares
    /// uploads that are too young to have a record yet.
    /// - Parameter open: Keys of all uploads that exist.
    /// - Throws: When the store is unavailable.
    func recover(open: Set<ObjectKey>) async throws
}

/// A store whose bytes pass through this server.
///
/// `StreamingObjectStoreContract` in `PontoonTesting` tests this page.
package protocol StreamingObjectStore: ObjectStore {
    /// Begins to receive a part. No stored byte is overwritten before the first write.
    /// - Parameters:
    ///   - number: The part.
    ///   - upload: Its upload.
    ///   - length: Announced length in bytes; `nil` when unknown.
    ///   - expected: Checksums to compute and compare.
    /// - Returns: The writer; it ends with exactly one ``PartWriter/commit(last:recording:)`` or ``PartWriter/abort()``.
    /// - Throws: `.uploadNotFound` when the upload is being finished.
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
    /// Turns parts into one object, durable when this returns. Writers that are still at work are shut out first. Finishing
    /// again, after a crash or a lost answer, ends in the same object.
    /// - Parameters:
    ///   - upload: The upload; its key becomes the object's.
    ///   - parts: By number, without gaps; empty for an empty object.
    /// - Returns: The object.
    /// - Throws: `.storageFull` when parts must be copied and the disk is full; `.completeRefused` when the bytes of a part are
    ///   missing. The upload is then as before.
    @discardableResult
    func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject
    /// Undoes ``finish(_:parts:)``: the upload can be completed again and its parts replaced. Does nothing when it was not
    /// finished.
    func revertFinish(_ key: ObjectKey) async throws
    /// Removes what only ``revertFinish(_:)`` needed, once the object's file is committed.
    func cleanUp(_ key: ObjectKey) async throws
}

/// A store whose bytes pass between clients and its own server, at URLs that it signs.
///
/// Nobody here sees a part arrive: reports are recorded as they come, and compared with what the store lists when the upload
/// is completed.
package protocol PresignedObjectStore: ObjectStore {
    /// Smallest length in bytes of every part that is not the last.
    var minimumPartSize: Int64 { get }
    /// Where and how a client sends one part; computed from memory.
    /// - Throws: `.partUnavailable` when the upload was started in another store.
    func partRequest(for upload: Upload, part: PartNumber, now: Date) throws -> SignedRequest
    /// Where a client reads a whole file; computed from memory.
    func downloadRequest(for file: File, now: Date) throws -> SignedRequest
    /// Lists the stored parts of an unfinished upload.
    /// - Returns: All parts by number; one that was sent again may be listed twice. `nil` when the store no longer has the
    ///   upload: it was finished, or the store removed it.
    /// - Throws: A ``TemporaryFault`` when the store is unavailable.
    func listParts(of upload: Upload) async throws -> [ListedPart]?
    /// Turns listed parts into one object, durable when this returns. Finishing again, after a lost answer, ends in the same
    /// object.
    /// - Parameters:
    ///   - upload: The upload; its key becomes the object's.
    ///   - parts: By number; empty parts are left out, and no parts make an empty object.
    /// - Returns: The object.
    /// - Throws: `.completeRefused` when the store does not have the parts or does not accept them.
    @discardableResult
    func finish(_ upload: Upload, parts: [ListedPart]) async throws -> FinishedObject
    /// Finds the object that ``finish(_:parts:)`` made of an upload.
    /// - Parameters:
    ///   - upload: The upload.
    ///   - etags: Tags of the parts it was to be made from, in order.
    /// - Returns: `nil` when there is none, or it was made from other parts.
    /// - Throws: A ``TemporaryFault`` when the store is unavailable.
    func finishedObject(of upload: Upload, etags: [String]) async throws -> FinishedObject?
}

/// A part as a ``PresignedObjectStore`` lists it.
package struct ListedPart: Hashable, Sendable {
    package let number: PartNumber
    /// Length in bytes.
    package let size: Int64
    /// As the store writes it, without quotes.
    package let etag: String

    package init(number: PartNumber, size: Int64, etag: String) {
        self.number = number
        self.size = size
        self.etag = etag
    }
}

/// Receives the bytes of one part; used by one task.
///
/// It ends with exactly one ``commit(last:recording:)``, whether that throws or not, or ``abort()``.
package protocol PartWriter: Sendable {
    /// Where the bytes are stored, for the part's record.
    var location: PartLocation { get }
    /// Appends bytes and adds them to the checksums.
    /// - Throws: `.storageFull`; `.uploadNotFound` when the upload ended meanwhile.
    func write(_ bytes: ByteBuffer) async throws
    /// Appends the last bytes, makes all of them durable, and runs `recording` before the upload can be finished.
    ///
    /// - Parameters:
    ///   - last: The last bytes; `nil` when all are written. A part that arrives as a whole is written and synced at once.
    ///   - recording: Commits the part's record. While it runs, finishing the upload waits.
    /// - Returns: The result of `recording`.
    /// - Throws: As ``write(_:)``, and the error of `recording`. The bytes are dropped, unless `recording` threw anything but
    ///   a ``PontoonError``: whether its transaction was committed is then unknown, and the bytes must stay until the next
    ///   start.
    func commit<Value>(
        last: ByteBuffer?,
        recording: (PartDigest.Result) async throws -> Value
    ) async throws -> Value
    /// Drops what was written.
    func abort() async
}

/// What an upload became in its store.
package struct FinishedObject: Hashable, Sendable {
    /// Length in bytes.
    package let size: Int64
    /// CRC-64/NVME of all bytes; `nil` when the store cannot tell.
    package let crc64: CRC64NVME?
    /// Whether ``StreamingObjectStore/cleanUp(_:)`` has something to remove.
    package let needsCleanup: Bool

    package init(size: Int64, crc64: CRC64NVME?, needsCleanup: Bool = false) {
        self.size = size
        self.crc64 = crc64
        self.needsCleanup = needsCleanup
    }
}
