package import NIOCore

/// A writer for a whole object in a streaming store.
///
/// Only one task may use the writer at a time. It must not be used after the first call to ``commit(last:recording:)``,
/// even if that throws, or to ``abort()``.
package protocol ObjectWriter: Sendable {
    /// Appends bytes and adds them to the checksums.
    ///
    /// - Throws: `.storageFull`; an error if the store is unavailable.
    func write(_ bytes: ByteBuffer) async throws
    /// Appends the last bytes, compares the checksums, makes the object durable, and then runs `recording`.
    ///
    /// - Parameters:
    ///   - last: The last bytes; `nil` if all bytes have been written.
    ///   - recording: Commits the record of the object's file. If it returns ``AddedFile/skipped(_:)``, the object is
    ///     removed.
    /// - Returns: The result of `recording`.
    /// - Throws: `.checksumMismatch`; the errors of ``write(_:)`` and of `recording`. The object is removed, unless
    ///   `recording` threw an error other than a ``PontoonError``: its transaction may then have been committed, so the
    ///   object remains one of ``StreamingObjectStore/unconfirmedObjects()``.
    func commit(
        last: ByteBuffer?,
        recording: (PartDigest.Result) async throws -> AddedFile
    ) async throws -> AddedFile
    /// Discards the written bytes.
    func abort() async
}
