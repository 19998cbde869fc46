package import NIOCore

/// Reads bytes of an object or part at any offset.
///
/// ``close()`` releases the object; otherwise the object is released with the last reference to the reader, because a
/// response may be dropped before any of its bytes are read.
package protocol ObjectReader: Sendable {
    /// Length in bytes.
    var size: Int64 { get }
    /// Reads up to `count` bytes from `offset`; fewer only at the end.
    func read(at offset: Int64, count: Int) async throws -> ByteBuffer
    /// Releases the object; does nothing if called again.
    func close() async
}

extension ObjectReader {
    /// Passes all bytes to `body`, in order, in chunks of at most `count` bytes; stops early if the bytes end early.
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

/// A reader whose bytes are in a file of this machine, so that the system can send them without copying them through
/// this process.
package protocol FileBackedReader: ObjectReader {
    /// Finds bytes that are in the page cache, so that sending them does not wait for the disk.
    ///
    /// Never blocks. Cached bytes may be evicted later, so they should be sent immediately.
    ///
    /// - Parameters:
    ///   - offset: First byte.
    ///   - count: Maximum number of bytes, 1 or more.
    /// - Returns: The cached bytes from `offset` on, fewer than `count` if uncached ones follow; `nil` if the first
    ///   byte is not cached. ``ObjectReader/read(at:count:)`` reads the others.
    func bytesInMemory(at offset: Int64, count: Int) -> FileSpan?
}

/// A range of an open file.
package struct FileSpan: Sendable {
    /// File descriptor; the reader owns it and keeps it open until ``ObjectReader/close()``.
    package let descriptor: Int32
    /// First byte in the file.
    package let offset: Int
    /// Number of bytes, 1 or more.
    package let count: Int

    package init(descriptor: Int32, offset: Int, count: Int) {
        self.descriptor = descriptor
        self.offset = offset
        self.count = count
    }
}
