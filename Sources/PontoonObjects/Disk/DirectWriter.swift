import CFileCalls
import Glibc
import PontoonCore
import Synchronization
import SystemPackage

/// A writer that writes consecutive bytes of a file with direct I/O (`O_DIRECT`), which bypasses the page cache.
///
/// The bytes are collected in a buffer and written in whole pages. This takes a fraction of the processor time of
/// writing through the page cache, and leaves the cache to other files. If the first or last bytes do not fill a page,
/// they are written through the cache, because another writer may write the other bytes of this page.
struct DirectWriter {
    private let file: DiskFile
    private let buffer: DirectBufferPool.Buffer
    private let pool: DirectBufferPool
    /// File offset of the first byte in the buffer.
    private var offset: Int64
    /// Number of bytes in the buffer.
    private var count = 0
    /// Whether a direct write was refused or incomplete, so that all further bytes are written through the cache.
    private var isRefused = false

    /// Opens a file for direct I/O; returns `nil` if all buffers are in use, or if the system or the file system does
    /// not support direct I/O.
    ///
    /// - Parameters:
    ///   - path: An existing file, whose space should be preallocated.
    ///   - offset: Offset of the first byte.
    ///   - pool: Provides the buffer.
    /// - Throws: `Errno`.
    init?(_ path: FilePath, from offset: Int64, _ pool: DirectBufferPool) throws {
        guard let buffer = pool.take() else { return nil }
        let descriptor = path.withPlatformString { cfilecalls_open_direct($0, UInt32(DirectBufferPool.pageSize)) }
        guard descriptor >= 0 else {
            let error = Errno(rawValue: errno)
            pool.put(buffer)
            if error.meansUnsupported { return nil }
            throw error
        }
        self.file = DiskFile(rawValue: descriptor)
        self.buffer = buffer
        self.pool = pool
        self.offset = offset
    }

    /// Appends bytes, and writes the buffer whenever it is full.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - cached: The same file, open for writing through the page cache.
    /// - Throws: `Errno`.
    mutating func write(_ bytes: UnsafeRawBufferPointer, cached: DiskFile) throws {
        var rest = bytes
        while !rest.isEmpty {
            let taken = min(rest.count, room)
            UnsafeMutableRawBufferPointer(rebasing: buffer.memory[count...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(taken)))
            count += taken
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(taken))
            if room == 0 { try flush(cached) }
        }
    }

    /// Writes the bytes in the buffer, closes the file, and returns the buffer to the pool, even after an error.
    ///
    /// Does not close `cached`. The writer must not be used afterwards.
    ///
    /// - Parameter cached: The same file, open for writing through the page cache.
    /// - Throws: `Errno`.
    mutating func finish(cached: DiskFile) throws {
        defer { close() }
        try flush(cached)
    }

    /// Closes the file without writing the bytes in the buffer, and returns the buffer to the pool.
    ///
    /// Must not be called after ``finish(cached:)``.
    func close() {
        try? file.close()
        pool.put(buffer)
    }

    /// Number of bytes that can be added before the buffer must be written.
    ///
    /// If the first byte is in the middle of a page, only the bytes up to the end of this page are written together.
    private var room: Int {
        let begun = Int(offset % Int64(DirectBufferPool.pageSize))
        return (begun > 0 ? DirectBufferPool.pageSize - begun : DirectBufferPool.bufferSize) - count
    }

    /// Writes the whole pages in the buffer with direct I/O, and the remaining bytes through the cache.
    private mutating func flush(_ cached: DiskFile) throws {
        let startsPage = offset % Int64(DirectBufferPool.pageSize) == 0
        let pages = startsPage && !isRefused ? count - count % DirectBufferPool.pageSize : 0
        let bytes = UnsafeRawBufferPointer(rebasing: buffer.memory.prefix(count))
        let written = try writePages(UnsafeRawBufferPointer(rebasing: bytes.prefix(pages)))
        if written < pages { isRefused = true }
        let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(written))
        _ = try cached.writeAll(toAbsoluteOffset: offset + Int64(written), rest)
        offset += Int64(count)
        count = 0
    }

    /// Writes whole pages with direct I/O; returns the number of written bytes, which is less than the length of
    /// `bytes` if the system refuses direct I/O or writes only part of a page.
    private func writePages(_ bytes: UnsafeRawBufferPointer) throws -> Int {
        var written = 0
        while written < bytes.count {
            do {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                let count = try file.write(toAbsoluteOffset: offset + Int64(written), rest)
                written += count
                // Direct I/O cannot write the remaining bytes of a partly written page.
                guard count > 0, count % DirectBufferPool.pageSize == 0 else { break }
            } catch let error as Errno where error.meansUnsupported {
                break
            }
        }
        return written
    }
}

/// The buffers of all direct writers.
///
/// A part for which no buffer is free is written through the page cache instead, which limits memory use.
final class DirectBufferPool: Sendable {
    /// Size of a buffer in bytes, a multiple of ``pageSize``.
    static let bufferSize = 1 << 20
    /// The alignment of buffers in memory and of direct writes in the file, in bytes.
    ///
    /// At least the size of a memory page, so that no page is written both through the cache and with direct I/O.
    static let pageSize = max(4096, Int(getpagesize()))

    private struct State {
        var free: [Buffer] = []
        var taken = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: Maximum number of buffers.
    init(capacity: Int) { self.capacity = capacity }

    /// Takes a buffer; returns `nil` if all are in use.
    func take() -> Buffer? {
        state.withLock { state in
            guard state.taken < capacity else { return nil }
            state.taken += 1
            return state.free.popLast() ?? Buffer()
        }
    }

    /// Returns a buffer to the pool.
    func put(_ buffer: Buffer) {
        state.withLock { state in
            state.taken -= 1
            state.free.append(buffer)
        }
    }

    /// Memory that starts at a multiple of ``DirectBufferPool/pageSize``.
    final class Buffer: Sendable {
        // Safe, because the pool's lock gives the buffer to one writer at a time, and a part's lock lets only one
        // thread at a time use the writer. The pointer itself never changes.
        nonisolated(unsafe) let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: DirectBufferPool.bufferSize,
            alignment: DirectBufferPool.pageSize
        )

        fileprivate init() {}

        deinit { memory.deallocate() }
    }
}
