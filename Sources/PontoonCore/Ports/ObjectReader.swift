package import NIOCore

/// Random access to the bytes of an object or a part.
///
/// Call ``close()`` after the last read. A reader that is never closed, for example because a response is dropped
/// before its body is read, releases its resources when it is deallocated.
package protocol ObjectReader: Sendable {
    /// Length of the object or part in bytes.
    var size: Int64 { get }
    /// Reads up to `count` bytes from `offset`. May return fewer bytes, but returns an empty buffer only at the end.
    /// May be called concurrently.
    func read(at offset: Int64, count: Int) async throws -> ByteBuffer
    /// Releases the reader's resources, such as an open file. Does nothing if called again. The reader must not be used
    /// afterwards.
    func close() async
}

extension ObjectReader {
    /// Passes all bytes to `body`, in order, in chunks of at most `count` bytes.
    ///
    /// Returns without an error if the bytes end before ``size``.
    package func forEachChunk(of count: Int, _ body: (ByteBuffer) throws -> Void) async throws {
        var offset: Int64 = 0
        while offset < size {
            let bytes = try await read(at: offset, count: Int(min(Int64(count), size - offset)))
            guard bytes.readableBytes > 0 else { return }
            try body(bytes)
            offset += Int64(bytes.readableBytes)
        }
    }
}

/// A reader of a local file whose bytes the kernel can send to a client without copying them through this process.
package protocol FileBackedReader: ObjectReader {
    /// Finds bytes that are in the page cache and can be sent without waiting for the disk.
    ///
    /// This call itself does not wait for the disk either. Send the bytes immediately, because they may be evicted from
    /// the cache later.
    ///
    /// - Parameters:
    ///   - offset: Offset of the first byte.
    ///   - count: Maximum number of bytes, 1 or more.
    /// - Returns: The cached bytes from `offset` to the first byte that is not cached; `nil` if the byte at `offset` is
    ///   not cached, or the kernel cannot send this file. Read all other bytes with ``ObjectReader/read(at:count:)``.
    func bytesInMemory(at offset: Int64, count: Int) -> FileSpan?
}

/// A range of an open file.
package struct FileSpan: Sendable {
    /// File descriptor; the reader owns it and keeps it open until ``ObjectReader/close()``.
    package let descriptor: Int32
    /// Offset of the first byte in the file.
    package let offset: Int
    /// Number of bytes, 1 or more.
    package let count: Int

    package init(descriptor: Int32, offset: Int, count: Int) {
        self.descriptor = descriptor
        self.offset = offset
        self.count = count
    }
}
