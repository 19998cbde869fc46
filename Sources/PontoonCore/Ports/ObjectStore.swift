package import Foundation
package import NIOCore

/// Where the bytes are.
///
/// A store answers part info and download info with URLs of its own making, so that handlers never ask whether bytes pass
/// through this server (`StreamingObjectStore`) or go straight to another one (`PresignedObjectStore`). `ObjectStoreContract` in
/// `PontoonTesting` is this page as tests.
package protocol ObjectStore: Sendable {
    /// Makes room for an upload before its first byte.
    /// - Parameters:
    ///   - key: The upload's key.
    ///   - size: Declared length in bytes; `nil` when unknown, then nothing is held.
    /// - Returns: What the store must be told of the upload besides its key; the upload's row keeps it.
    /// - Throws: `.noRoom` when the bytes would not fit or the store takes no upload.
    @discardableResult
    func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle?
    /// Where and how a client sends one part.
    func partRequest(for upload: Upload, part: PartNumber, base: BaseURL, now: Date) async throws -> SignedRequest
    /// Where a client reads a whole file.
    func downloadRequest(for file: File, base: BaseURL, now: Date) async throws -> SignedRequest
    /// Turns gathered parts into one object, in the order given, durable when it returns. Writers still at work are shut
    /// out first. Asking again after a crash or a lost answer ends in the same object.
    /// - Parameters:
    ///   - upload: The upload; its key is the object's from now on.
    ///   - parts: By number, without gaps; empty for an empty object.
    /// - Returns: What was made.
    /// - Throws: `.storageFull` when parts must be copied and there is no room; `.completeRefused` when the store does not
    ///   have the parts or does not take them. The upload is as before.
    @discardableResult
    func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject
    /// Takes back ``finish(_:parts:)``: the upload can be completed again, and in a ``StreamingObjectStore`` its parts may be
    /// sent again. Does nothing when it was not finished.
    func reopen(_ key: ObjectKey) async throws
    /// Lets go of what only ``reopen(_:)`` needed, once the object's file is committed.
    func settle(_ key: ObjectKey) async throws
    /// Removes all bytes of an object or an unfinished upload; nothing happens when there are none.
    func discard(_ object: ObjectReference) async throws
    /// Removes what an earlier process left behind: bytes of uploads that no record names. A store that several servers
    /// share spares what is young enough to have a record soon.
    /// - Parameter open: Keys of uploads that still exist.
    /// - Throws: When the store cannot be reached.
    func recover(open: Set<ObjectKey>) async throws
}

/// A store whose bytes pass through this server.
package protocol StreamingObjectStore: ObjectStore {
    /// Begins to receive a part. Nothing is overwritten before the first write.
    /// - Parameters:
    ///   - number: Which part.
    ///   - upload: Of which upload.
    ///   - length: Bytes that were announced; `nil` when unknown.
    ///   - expected: Checksums to compute and compare.
    /// - Returns: What takes the bytes.
    /// - Throws: `.uploadNotFound` when the upload is being finished.
    func openPart(
        _ number: PartNumber,
        of upload: Upload,
        length: Int64?,
        expecting expected: ExpectedChecksums
    ) async throws -> any PartWriter
    /// Removes the bytes of a part whose record was forgotten or replaced; slots are left to be overwritten.
    func discardPart(_ part: PartRecord, of upload: Upload) async throws
    /// Reads a stored part of an unfinished upload, in chunks of bounded size.
    func readPart(_ part: PartRecord, of upload: Upload) async throws -> any ObjectReader
    /// Reads a finished object.
    /// - Throws: `.fileNotFound` when there are no such bytes.
    func openObject(_ key: ObjectKey) async throws -> any ObjectReader
    /// Checks a data-plane URL.
    /// - Throws: `.urlRefused` when it was altered, is for something else, or has expired.
    func verify(_ signed: SignedPath, now: Date) async throws
}

/// A store whose bytes go straight from the client to its own server: nobody here sees a part arrive, so reports are taken
/// as they come, and what they say is compared at complete.
package protocol PresignedObjectStore: ObjectStore {
    /// Fewest bytes in every part that is not the last.
    var minimumPartSize: Int64 { get }
    /// What the store holds of an unfinished upload.
    /// - Returns: All parts by number; one that was sent again may be there twice. `nil` when the store does not have the
    ///   upload any more: it was finished, or the store let go of it.
    /// - Throws: A ``TemporaryFault`` when the store cannot be reached.
    func listParts(of upload: Upload) async throws -> [ListedPart]?
    /// The object that ``finish(_:parts:)`` made of an upload.
    /// - Parameters:
    ///   - upload: The upload.
    ///   - parts: What it was to be made from; their lengths do not matter.
    /// - Returns: `nil` when there is none, or it was made from other parts.
    /// - Throws: A ``TemporaryFault`` when the store cannot be reached.
    func finishedObject(of upload: Upload, parts: [PartRecord]) async throws -> FinishedObject?
    /// Reads a finished object.
    /// - Throws: `.fileNotFound` when there are no such bytes.
    func openObject(_ key: ObjectKey) async throws -> any ObjectReader
}

/// A part as a ``PresignedObjectStore`` lists it.
package struct ListedPart: Hashable, Sendable {
    /// Its number.
    package let number: PartNumber
    /// Length in bytes.
    package let size: Int64
    /// Its tag, without quotes, as the store writes it.
    package let etag: String

    /// Joins the fields.
    package init(number: PartNumber, size: Int64, etag: String) {
        self.number = number
        self.size = size
        self.etag = etag
    }
}

/// Receives the bytes of one part.
///
/// Used by one task; ends with exactly one ``close()``.
package protocol PartWriter: Sendable {
    /// Where the bytes go, for the part's record.
    var place: PartLocation { get }
    /// Appends bytes and adds them to the checksums.
    /// - Throws: `.storageFull`; `.uploadNotFound` when the upload ended meanwhile.
    func write(_ bytes: ByteBuffer) async throws
    /// Appends the last bytes and makes all durable: as ``write(_:)`` and ``sync()``, in one go where that is cheaper.
    func finish(_ last: ByteBuffer) async throws -> PartDigest.Result
    /// Makes the bytes durable.
    /// - Returns: Length and checksums of all that was written.
    func sync() async throws -> PartDigest.Result
    /// Drops what was written.
    func discard() async
    /// Lets go of the part, after it was recorded or discarded.
    func close() async
}

/// Reads bytes at any place.
///
/// Lets go of the object by ``close()``, and else when nobody holds the reader any more: an answer may be dropped before
/// anything was read for it.
package protocol ObjectReader: Sendable {
    /// Length in bytes.
    var size: Int64 { get }
    /// Reads up to `count` bytes from `offset`; fewer only at the end.
    func read(at offset: Int64, count: Int) async throws -> ByteBuffer
    /// Lets go of the object; nothing happens when it was done before.
    func close() async
}

/// What an upload became in its store.
package struct FinishedObject: Hashable, Sendable {
    /// Length in bytes.
    package let size: Int64
    /// CRC-64/NVME of all bytes; `nil` when the store cannot tell.
    package let crc64: CRC64NVME?
    /// Whether ``ObjectStore/settle(_:)`` would find nothing to do.
    package let isSettled: Bool

    /// Joins the fields.
    package init(size: Int64, crc64: CRC64NVME?, isSettled: Bool = false) {
        self.size = size
        self.crc64 = crc64
        self.isSettled = isSettled
    }

    /// Joins parts in the order given; their checksums give that of the whole without reading it again.
    package init(joining parts: [PartRecord], isSettled: Bool = false) {
        self.isSettled = isSettled
        size = parts.reduce(0) { $0 + $1.size }
        var whole: CRC64NVME? = CRC64NVME()
        for part in parts {
            whole = part.crc64.flatMap { whole?.appending($0, length: part.size) }
        }
        crc64 = whole
    }
}

/// A reader whose bytes lie in a file of this machine: the system can send them without a copy passing through here.
package protocol FileBackedReader: ObjectReader {
    /// Says where bytes lie that are in memory, so that whoever sends them does not wait for the disk.
    ///
    /// Itself it never waits. What is in memory now can be gone later, so the bytes are to be sent at once.
    ///
    /// - Parameters:
    ///   - offset: First byte wanted.
    ///   - count: Bytes wanted at most, 1 or more.
    /// - Returns: The bytes from `offset` on that are in memory, fewer than `count` when others follow that are not;
    ///   `nil` when the first is not. Those not in memory come by ``ObjectReader/read(at:count:)``.
    func bytesInMemory(at offset: Int64, count: Int) -> FileSpan?
}

/// A part of an open file.
package struct FileSpan: Sendable {
    /// Number of the open file.
    ///
    /// It belongs to the reader and is open until ``ObjectReader/close()``.
    package let descriptor: Int32
    /// Place of the first byte in the file.
    package let offset: Int
    /// Bytes, 1 or more.
    package let count: Int

    /// Joins the fields.
    package init(descriptor: Int32, offset: Int, count: Int) {
        self.descriptor = descriptor
        self.offset = offset
        self.count = count
    }
}

/// A URL that carries its own permission.
package struct SignedRequest: Hashable, Sendable {
    /// `PUT` for a part, `GET` for a download.
    package let method: String
    /// Absolute, strictly valid, well below 6000 characters.
    package let url: String
    /// When it stops being admitted.
    package let expires: Date
    /// Headers that the client must set.
    package let headers: [String: String]
    /// Response headers that the client must report.
    package let reportHeaders: [String]

    /// Joins the fields.
    package init(method: String, url: String, expires: Date, headers: [String: String] = [:], reportHeaders: [String]) {
        self.method = method
        self.url = url
        self.expires = expires
        self.headers = headers
        self.reportHeaders = reportHeaders
    }
}

/// Scheme, host and port under which clients reach this server, without a trailing slash.
package struct BaseURL: Hashable, Sendable, CustomStringConvertible {
    /// Such as `http://127.0.0.1:8080`.
    package let description: String

    /// Takes a URL, dropping trailing slashes and a trailing `/v2`.
    ///
    /// - Returns: `nil` unless it is `http` or `https` with a host and neither query nor fragment.
    package init?(_ text: String) {
        var text = text[...]
        while text.hasSuffix("/") { text.removeLast() }
        if text.hasSuffix("/v2") { text.removeLast(3) }
        guard let url = URL(string: String(text)), let scheme = url.scheme, ["http", "https"].contains(scheme),
            url.host?.isEmpty == false, url.query == nil, url.fragment == nil, url.user == nil
        else { return nil }
        description = String(text)
    }

    /// Root of the control plane.
    package var api: String { description + "/v2" }
}
